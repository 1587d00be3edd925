/* image-sample.h - a small sound image: two tasks that share nothing, one of them from outside
 *
 * Tests change one thing in it (sample.break_*) and look at what is said of that.
 */
#ifndef CKRUN_TESTS_IMAGE_SAMPLE_H
#define CKRUN_TESTS_IMAGE_SAMPLE_H

#include <string.h>

#include "engine/image/dir.h"
#include "engine/image/manifest.h"
#include "engine/image/one.h"
#include "engine/image/pages.h"
#include "engine/image/record.h"
#include "engine/image/schema/ckrun.pb-c.h"
#include "engine/image/schema/core.pb-c.h"
#include "engine/image/schema/fdinfo.pb-c.h"
#include "engine/image/schema/inventory.pb-c.h"
#include "engine/image/schema/mm.pb-c.h"
#include "engine/image/schema/pstree.pb-c.h"
#include "runtime/base/err.h"
#include "tests/unit/check.h"

struct sample {
	uint32_t parent_of_2; /* in the sound image 0: the second task is a root too */
	uint32_t fd_file;     /* 3: what fd 0 of both tasks refers to */
	uint32_t exe;         /* 3 */
	uint64_t region_end;  /* 0x404000 */
	bool no_core_2;
	bool loose_files; /* a terminal, an epoll and a fifo that refer to nothing */
};

#define SAMPLE_SOUND ((struct sample){0, 3, 3, 0x404000, false, false})

static struct err sample_err;
static char sample_text[512];

static inline const char *sample_why(const struct err *err)
{
	return err_text(err, sample_text, sizeof(sample_text));
}

static inline void sample_one(struct image_dir *dir, enum image_file file, uint64_t id,
			      const ProtobufCMessage *message)
{
	if (image_put_one(dir, file, id, message, &sample_err) < 0) {
		printf("# %s\n", sample_why(&sample_err));
		exit(CHECK_FAILED);
	}
}

static inline void sample_core(struct image_dir *dir, uint32_t pid)
{
	CoreEntry core = CORE_ENTRY__INIT;
	TaskCoreEntry tc = TASK_CORE_ENTRY__INIT;
	ThreadCoreEntry thread = THREAD_CORE_ENTRY__INIT;
	ThreadInfoX86 info = THREAD_INFO_X86__INIT;
	UserX86RegsEntry regs = USER_X86_REGS_ENTRY__INIT;
	UserX86FpregsEntry fpregs = USER_X86_FPREGS_ENTRY__INIT;

	core.mtype = CORE_ENTRY__MARCH__X86_64;
	core.tc = &tc;
	core.thread_core = &thread;
	core.thread_info = &info;
	info.gpregs = &regs;
	info.fpregs = &fpregs;
	tc.task_state = 1;
	tc.comm = (char *)"sample";
	sample_one(dir, IMAGE_CORE, pid, &core.base);
}

static inline void sample_memory(struct image_dir *dir, uint32_t pid,
				 const struct sample *sample)
{
	MmEntry mm = MM_ENTRY__INIT;
	VmaEntry vma = VMA_ENTRY__INIT, *vmas[] = {&vma};
	struct pages_writer *w = NULL;
	struct page_run run = {0x401000, 2, PE_PRESENT, 0};
	static unsigned char bytes[2 * IMAGE_PAGE];
	struct iovec iov = {bytes, sizeof(bytes)};

	vma.start = 0x400000;
	vma.end = sample->region_end;
	vma.status = 1 | 1 << 9; /* regular, anonymous, private */
	mm.exe_file_id = sample->exe;
	mm.vmas = vmas;
	mm.n_vmas = 1;
	sample_one(dir, IMAGE_MM, pid, &mm.base);
	memset(bytes, (int)pid, sizeof(bytes));
	check(pages_create(dir, IMAGE_PAGEMAP, pid, &w, &sample_err) == 0);
	check(pages_put(w, &run, &iov, 1, &sample_err) == 0);
	check(pages_close(&w, &sample_err) == 0);
}

static inline void sample_task(struct image_dir *dir, uint32_t pid, const struct sample *sample)
{
	TaskKobjIdsEntry ids = TASK_KOBJ_IDS_ENTRY__INIT;
	FsEntry fs = FS_ENTRY__INIT;
	FdinfoEntry fd = FDINFO_ENTRY__INIT;

	if (pid != 2 || !sample->no_core_2)
		sample_core(dir, pid);
	ids.vm_id = ids.files_id = ids.fs_id = ids.sighand_id = pid;
	sample_one(dir, IMAGE_IDS, pid, &ids.base);
	fs.cwd_id = fs.root_id = 3;
	sample_one(dir, IMAGE_FS, pid, &fs.base);
	fd.id = sample->fd_file;
	fd.type = FD_TYPES__REG;
	sample_one(dir, IMAGE_FDINFO, pid, &fd.base);
	sample_memory(dir, pid, sample);
}

static inline void sample_put(struct image_writer *w, const ProtobufCMessage *message)
{
	check(record_put(w, message, &sample_err) == 0);
}

static inline void sample_loose_files(struct image_writer *w, FownEntry *fown)
{
	FileEntry file = FILE_ENTRY__INIT;
	TtyFileEntry tty = TTY_FILE_ENTRY__INIT;
	FifoEntry fifo = FIFO_ENTRY__INIT;
	EventpollFileEntry epoll = EVENTPOLL_FILE_ENTRY__INIT;
	EventpollTfdEntry watch = EVENTPOLL_TFD_ENTRY__INIT, *watches[] = {&watch};

	file.type = FD_TYPES__TTY;
	file.id = tty.id = 10;
	file.tty = &tty;
	tty.fown = epoll.fown = fown;
	tty.tty_info_id = 5;
	sample_put(w, &file.base);
	file = (FileEntry)FILE_ENTRY__INIT;
	file.type = FD_TYPES__EVENTPOLL;
	file.id = epoll.id = 11;
	file.epfd = &epoll;
	epoll.tfd = watches;
	epoll.n_tfd = 1;
	watch.has_file_id = 1;
	watch.file_id = 99;
	sample_put(w, &file.base);
	file = (FileEntry)FILE_ENTRY__INIT;
	file.type = FD_TYPES__FIFO;
	file.id = fifo.id = 12;
	file.fifo = &fifo;
	fifo.has_regf_id = 1;
	fifo.regf_id = 98;
	sample_put(w, &file.base);
}

static inline void sample_files(struct image_dir *dir, const struct sample *sample)
{
	struct image_writer *w = NULL;
	FileEntry file = FILE_ENTRY__INIT;
	RegFileEntry reg = REG_FILE_ENTRY__INIT;
	FownEntry fown = FOWN_ENTRY__INIT;

	check(image_writer_open(dir, IMAGE_FILES, 0, &w, &sample_err) == 0);
	file.type = FD_TYPES__REG;
	file.id = reg.id = 3;
	file.reg = &reg;
	reg.fown = &fown;
	reg.name = (char *)"/bin/sample";
	sample_put(w, &file.base);
	if (sample->loose_files)
		sample_loose_files(w, &fown);
	check(image_writer_close(&w, &sample_err) == 0);
}

static inline void sample_tree(struct image_dir *dir, const struct sample *sample)
{
	struct image_writer *w = NULL, *roots = NULL;

	check(image_writer_open(dir, IMAGE_PSTREE, 0, &w, &sample_err) == 0);
	check(image_writer_open(dir, IMAGE_CKRUN_ROOTS, 0, &roots, &sample_err) == 0);
	for (uint32_t pid = 1; pid <= 2; pid++) {
		PstreeEntry task = PSTREE_ENTRY__INIT;
		CkrunRootEntry root = CKRUN_ROOT_ENTRY__INIT;
		uint32_t thread = pid;

		task.pid = task.pgid = task.sid = pid;
		task.ppid = pid == 2 ? sample->parent_of_2 : 0;
		task.threads = &thread;
		task.n_threads = 1;
		check(record_put(w, &task.base, &sample_err) == 0);
		root.pid = pid;
		root.origin = pid == 1 ? CKRUN_ROOT_ORIGIN__INIT : CKRUN_ROOT_ORIGIN__EXEC;
		check(record_put(roots, &root.base, &sample_err) == 0);
	}
	check(image_writer_close(&w, &sample_err) == 0);
	check(image_writer_close(&roots, &sample_err) == 0);
}

static inline struct image_dir *sample_create(int fd, const struct sample *sample)
{
	InventoryEntry inventory = INVENTORY_ENTRY__INIT;
	struct image_dir *dir = NULL;

	check(image_create(fd, &dir, &sample_err) == 0);
	inventory.img_version = 2;
	sample_tree(dir, sample);
	sample_files(dir, sample);
	sample_task(dir, 1, sample);
	sample_task(dir, 2, sample);
	sample_one(dir, IMAGE_INVENTORY, 0, &inventory.base);
	return dir;
}

static inline void sample_commit(struct image_dir *dir)
{
	struct image_about about = {.container = "sample", .feature = {"exec-roots"}};

	check(image_host_read(&about.host, &sample_err) == 0);
	if (image_commit(dir, &about, IMAGE_NO_SYNC, &sample_err) < 0) {
		printf("# %s\n", sample_why(&sample_err));
		exit(CHECK_FAILED);
	}
	image_close(&dir);
}

static inline void sample_write(int fd, const struct sample *sample)
{
	sample_commit(sample_create(fd, sample));
}

#endif
