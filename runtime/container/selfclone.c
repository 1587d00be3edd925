#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <linux/memfd.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/base/err.h"
#include "runtime/base/scope.h"
#include "runtime/container/selfclone.h"

#ifndef MFD_EXEC
#define MFD_EXEC 0x0010U /* Linux 6.3 */
#endif

enum { SEALS = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE };

/* EINVAL to older kernels, which make every memfd executable. */
static int make_memfd(void)
{
	unsigned int flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
	int fd = memfd_create("ckrun", flags | MFD_EXEC);

	return fd < 0 && errno == EINVAL ? memfd_create("ckrun", flags) : fd;
}

/* What is loaded ends before what only a debugger reads, which is most of the file. */
static off_t loaded_size(int exe, off_t size)
{
	ElfW(Ehdr) head;
	off_t end = 0;

	if (pread(exe, &head, sizeof(head), 0) != sizeof(head) ||
	    memcmp(head.e_ident, ELFMAG, SELFMAG) != 0)
		return size;
	for (int i = 0; i < head.e_phnum; i++) {
		ElfW(Phdr) part;
		off_t at = (off_t)head.e_phoff + i * (off_t)sizeof(part);

		if (pread(exe, &part, sizeof(part), at) != sizeof(part))
			return size;
		if (part.p_type == PT_LOAD && (off_t)(part.p_offset + part.p_filesz) > end)
			end = (off_t)(part.p_offset + part.p_filesz);
	}
	return end && end < size ? end : size;
}

static int fill(int memfd, int exe, struct err *err)
{
	struct stat st;
	off_t at = 0;

	if (fstat(exe, &st) < 0)
		return fail_errno(err, "/proc/self/exe");
	off_t size = loaded_size(exe, st.st_size);
	while (at < size) {
		ssize_t n = sendfile(memfd, exe, &at, (size_t)(size - at));
		if (n <= 0)
			return fail_errno(err, "copy the program");
	}
	if (fchmod(memfd, 0500) < 0 || fcntl(memfd, F_ADD_SEALS, SEALS) < 0)
		return fail_errno(err, "seal the copy");
	return 0;
}

int selfclone(char **argv, struct err *err)
{
	scoped_fd int exe = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	int r = 0;

	if (exe < 0)
		return fail_errno(err, "/proc/self/exe");
	if (fcntl(exe, F_GET_SEALS) == SEALS) {
		/* execveat(2) named us after the descriptor */
		prctl(PR_SET_NAME, "ckrun");
		return 0;
	}
	scoped_fd int memfd = make_memfd();
	if (memfd < 0)
		return fail_errno(err, "memfd_create");
	r = fill(memfd, exe, err);
	if (r)
		return fail_in(err, "a sealed copy of ckrun");
	execveat(memfd, "", argv, environ, AT_EMPTY_PATH);
	return fail_errno(err, "execute a sealed copy of ckrun");
}
