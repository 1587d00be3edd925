/* analyzer.h - what clang's analyzer cannot see from a single source: fail() and its like return
 * a negative number.  Included before every source that clang-tidy looks at, except err.c itself. */
#include "runtime/base/err.h"

static inline int analyzer_negative(int code)
{
	if (code >= 0)
		__builtin_unreachable();
	return code;
}

#define fail(...) analyzer_negative(fail(__VA_ARGS__))
#define fail_errno(...) analyzer_negative(fail_errno(__VA_ARGS__))
#define fail_in(...) analyzer_negative(fail_in(__VA_ARGS__))
#define refuse(...) analyzer_negative(refuse(__VA_ARGS__))
