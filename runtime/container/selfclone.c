#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <linux/memfd.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
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

/* The program on a mount of its own that is read-only and in no namespace: there nobody can
 * change it.  Negative where the kernel (before 5.12) or a missing capability forbids that. */
static int open_read_only(void)
{
	scoped_fd int fd =
		open_tree(AT_FDCWD, "/proc/self/exe", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	struct mount_attr attr = {.attr_set = MOUNT_ATTR_RDONLY};

	if (fd < 0 || mount_setattr(fd, "", AT_EMPTY_PATH, &attr, sizeof(attr)) < 0)
		return -errno;
	return take_fd(&fd);
}

/* The root of such a mount has no name but "/". */
static bool is_out_of_reach(int exe)
{
	struct statvfs fs;
	char name[2];

	if (fcntl(exe, F_GET_SEALS) == SEALS)
		return true;
	return readlink("/proc/self/exe", name, sizeof(name)) == 1 && name[0] == '/' &&
	       fstatvfs(exe, &fs) == 0 && fs.f_flag & ST_RDONLY;
}

static int sealed_copy(int exe, int *ret_fd, struct err *err)
{
	scoped_fd int memfd = make_memfd();

	if (memfd < 0)
		return fail_errno(err, "memfd_create");
	if (fill(memfd, exe, err) < 0)
		return fail_in(err, "a sealed copy of ckrun");
	*ret_fd = take_fd(&memfd);
	return 0;
}

int selfclone(char **argv, struct err *err)
{
	scoped_fd int exe = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	scoped_fd int program = -1;

	if (exe < 0)
		return fail_errno(err, "/proc/self/exe");
	if (is_out_of_reach(exe)) {
		/* execveat(2) named us after the descriptor */
		prctl(PR_SET_NAME, "ckrun");
		return 0;
	}
	program = open_read_only();
	if (program < 0 && sealed_copy(exe, &program, err) < 0)
		return err->code;
	execveat(program, "", argv, environ, AT_EMPTY_PATH);
	return fail_errno(err, "execute ckrun where no container can reach it");
}
