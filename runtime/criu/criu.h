/* criu.h - ckrun called by the name of CRIU
 *
 * Programs that call `criu` find the same verbs, options and RPC; each becomes a request to
 * ckrun's own engine.  What the engine does not have yet is refused by name.
 */
#ifndef CKRUN_CRIU_CRIU_H
#define CKRUN_CRIU_CRIU_H

#include <stdbool.h>

/* The release of CRIU whose command line and protocol this is. */
enum { CRIU_MAJOR = 4, CRIU_MINOR = 2 };

/* criu_is_called() - the base name of argv[0] is "criu". */
bool criu_is_called(const char *argv0);

/* criu_main() - the whole program; returns its exit status.  build: which ckrun this is. */
int criu_main(int argc, char **argv, const char *build);

#endif
