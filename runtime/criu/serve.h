/* serve.h - `criu swrk FD` and `criu service`: requests of one client, one after the other */
#ifndef CKRUN_CRIU_SERVE_H
#define CKRUN_CRIU_SERVE_H

struct criu_options;
struct err;

/* swrk_run() - the socket is the descriptor that the first argument names.  Another request is
 * waited for if the client asked for it (keep_open).  Fails as the last request did. */
int swrk_run(const struct criu_options *options, struct err *err);

#endif
