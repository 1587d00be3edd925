#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "runtime/base/err.h"
#include "runtime/criu/code.h"

/* clang-format off */
static const struct criu_code codes[] = {
	{EOPNOTSUPP, "the state cannot be carried without loss, or the option is not supported yet",
	 "nothing was changed; end or close what is named, or leave the option out"},
	{ENOSYS, "this request is not supported yet", "use another way; `criu --help` lists what is"},
	{ESRCH, "there is no such process", "check the pid; it may have ended"},
	{EEXIST, "a pid of the image is in use", "end the process that has it, or restore elsewhere"},
	{EBADRQC, "the request cannot be read", "check the client: it speaks another protocol"},
	{EINVAL, "an option or a field is wrong or missing", "correct the request"},
	{EBUSY, "another checkpoint works in this directory", "wait for it, or take another directory"},
	{ENOENT, "a file or an image is not there", "check the path and --images-dir"},
	{EPROTO, "the image is damaged or not of this format", "take another copy of the image"},
	{EBADMSG, "the image is damaged", "take another copy of the image"},
	{EPERM, "the kernel does not permit it", "run as root with all capabilities"},
	{EACCES, "the kernel does not permit it", "run as root with all capabilities"},
	{ETIMEDOUT, "a task does not stop or end in time", "retry when its system call is over"},
	{ENOSPC, "the disk is full", "free some space, or take another directory"},
	{ENOMEM, "out of memory", "free some memory"},
	{ECANCELED, "the client said no to a notification", "see the client's own log"},
	{ECONNRESET, "the client is gone", "see the client's own log"},
	{0, "the kernel said no", "see the log for the call that failed"},
};
/* clang-format on */

enum { CODES = sizeof(codes) / sizeof(codes[0]) };

int criu_code_number(const struct err *err)
{
	if (err->code == REFUSED)
		return EOPNOTSUPP;
	return err->code ? -err->code : EIO;
}

const struct criu_code *criu_code_for(const struct err *err)
{
	size_t i = 0;

	while (i + 1 < CODES && codes[i].number != criu_code_number(err))
		i++;
	return &codes[i];
}

char *criu_code_message(const struct err *err, char *buf, size_t size)
{
	char text[ERR_FRAMES * (ERR_FRAME_MAX + 2)];

	snprintf(buf, size, "%s%s%s (%s)", err_text(err, text, sizeof(text)),
		 *err->also ? "\n" : "", err->also, criu_code_for(err)->way_out);
	return buf;
}

const struct criu_code *criu_code_at(size_t i)
{
	return i < CODES ? &codes[i] : NULL;
}
