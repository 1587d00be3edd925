/* version.h - which ckrun this is */
#ifndef CKRUN_CLI_VERSION_H
#define CKRUN_CLI_VERSION_H

/* version_print() - the lines that docker and podman parse from `--version`:
 * "ckrun version X", "commit: Y", "spec: Z". */
void version_print(void);

/* version_build() - "X (commit Y)" */
const char *version_build(void);

#endif
