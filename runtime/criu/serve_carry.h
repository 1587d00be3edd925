/* serve_carry.h - requests DUMP, RESTORE and CPUINFO_* of a client
 *
 * Directories are the client's descriptors or, where images_dir_fd is -1, a path.  A field whose
 * effect does not exist yet is refused by its name, all of them at once.
 */
#ifndef CKRUN_CRIU_SERVE_CARRY_H
#define CKRUN_CRIU_SERVE_CARRY_H

#include "runtime/criu/schema/rpc.pb-c.h"

struct err;

int serve_dump(int sock, const CriuReq *req, CriuResp *answer, struct err *err);
int serve_restore(int sock, const CriuReq *req, CriuResp *answer, struct err *err);
int serve_cpuinfo_dump(int sock, const CriuReq *req, CriuResp *answer, struct err *err);
int serve_cpuinfo_check(int sock, const CriuReq *req, CriuResp *answer, struct err *err);

#endif
