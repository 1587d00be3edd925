/* analyzer.h - what the analyzers cannot see from a single source: fail() and its like return a
 * negative number.  Included before every source that they look at, except err.c itself. */
#ifndef CKRUN_TESTS_LINT_ANALYZER_H
#define CKRUN_TESTS_LINT_ANALYZER_H

#include "runtime/base/err.h"

/* No function: a call that is too deep to be followed would be forgotten. */
#define analyzer_negative(call)                  \
	({                                       \
		int code_ = (call);              \
		if (code_ >= 0)                  \
			__builtin_unreachable(); \
		code_;                           \
	})

#define fail(...) analyzer_negative(fail(__VA_ARGS__))
#define fail_errno(...) analyzer_negative(fail_errno(__VA_ARGS__))
#define fail_in(...) analyzer_negative(fail_in(__VA_ARGS__))
#define refuse(...) analyzer_negative(refuse(__VA_ARGS__))

#endif
