/* refused.c - what cannot be carried is named, and goes on as if nothing had been asked
 *
 * Here tests/carry/one wants the checkpoint to fail: every line of /out/expect must be in what
 * ckrun said, the first of them on its first line.  Then the test goes on.
 */
#include <linux/filter.h>
#include <linux/io_uring.h>
#include <linux/perf_event.h>
#include <linux/seccomp.h>
#include <linux/userfaultfd.h>
#include <mqueue.h>
#include <pthread.h>
#include <sched.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <sys/io.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/sem.h>
#include <sys/shm.h>

#include "tests/carry/carry.h"

/* expect() - one more line that ckrun must say */
__attribute__((format(printf, 1, 2))) static void expect(const char *fmt, ...)
{
	FILE *file = fopen("/out/expect", "ae");
	va_list ap;

	check(file);
	va_start(ap, fmt);
	vfprintf(file, fmt, ap);
	va_end(ap);
	fputc('\n', file);
	check(!fclose(file));
}

static _Atomic long counter;

static void *counting(void *arg)
{
	for (;;)
		counter++;
	return arg;
}

/* refused() - while a thread counts; afterwards it counts on */
static void refused(void)
{
	pthread_t thread;

	check(!pthread_create(&thread, NULL, counting, NULL));
	while (counter < 1000)
		;
	carried();
	long now = counter;
	for (int i = 0; i < 1000 && counter == now; i++)
		usleep(1000);
	check(counter > now);
}

static int ring(void)
{
	struct io_uring_params params = {0};
	int fd = (int)syscall(SYS_io_uring_setup, 4, &params);

	if (fd < 0)
		skip("io_uring is not allowed here");
	return fd;
}

static void an_io_uring(void)
{
	int fd = ring();

	expect("task %d (subject): fd %d: anon_inode:[io_uring]: cannot be carried yet",
	       getpid(), fd);
	refused();
	check(syscall(SYS_io_uring_enter, fd, 0, 0, 0, NULL, 0) == 0);
}

static void a_perf_counter(void)
{
	struct perf_event_attr attr = {.type = PERF_TYPE_SOFTWARE,
				       .size = sizeof(attr),
				       .config = PERF_COUNT_SW_DUMMY};
	int fd = (int)syscall(SYS_perf_event_open, &attr, 0, -1, -1, 0);

	if (fd < 0)
		skip("performance counters are not allowed here");
	expect("task %d (subject): fd %d: anon_inode:[perf_event]", getpid(), fd);
	refused();
}

/* The selector allows every call, so nothing is dispatched meanwhile. */
static void system_calls_dispatched_to_itself(void)
{
	static volatile char selector;

	if (prctl(59, 1, 0, 0, &selector)) /* PR_SET_SYSCALL_USER_DISPATCH, ON */
		skip("this kernel dispatches no system calls");
	expect("task %d (subject): refused: it has system calls dispatched to itself",
	       getpid());
	refused();
}

static void io_ports(void)
{
	if (ioperm(0x80, 1, 1))
		skip("no I/O ports are to be had here");
	expect("task %d (subject): refused: it may use I/O ports", getpid());
	refused();
}

static void a_memory_policy(void)
{
	unsigned long node = 1;

	if (syscall(SYS_set_mempolicy, 2, &node, 8)) /* MPOL_BIND */
		skip("this kernel knows no NUMA");
	expect("task %d (subject): thread %d: refused: it has a NUMA policy of its own",
	       getpid(), getpid());
	refused();
}

static void a_memory_policy_of_a_region(void)
{
	unsigned long node = 1;
	char *p = mmap(NULL, 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	check(p != MAP_FAILED);
	if (syscall(SYS_mbind, p, 65536, 2, &node, 8, 0)) /* MPOL_BIND */
		skip("this kernel knows no NUMA");
	expect("task %d (subject): memory at %lx-%lx has a NUMA policy of its own (mbind)",
	       getpid(), (unsigned long)p, (unsigned long)p + 65536);
	refused();
}

static void a_speculation_control(void)
{
	if (prctl(PR_SET_SPECULATION_CTRL, PR_SPEC_STORE_BYPASS, PR_SPEC_DISABLE, 0, 0) &&
	    prctl(PR_SET_SPECULATION_CTRL, PR_SPEC_INDIRECT_BRANCH, PR_SPEC_DISABLE, 0, 0))
		skip("this CPU leaves no speculation to choose");
	expect("task %d (subject): thread %d: refused: it controls speculation", getpid(),
	       getpid());
	refused();
}

static void an_open_namespace(void)
{
	int fd = open("/proc/self/ns/net", O_RDONLY);

	check(fd >= 0);
	expect("task %d (subject): fd %d: net:[", getpid(), fd);
	refused();
}

/* --- memory */

static void system_v_shared_memory_of_huge_pages(void)
{
	int id = shmget(IPC_PRIVATE, 2 << 20, IPC_CREAT | SHM_HUGETLB | SHM_NORESERVE | 0600);

	if (id < 0)
		skip("no huge pages are set up here");
	expect("System V segment %d is of huge pages", id);
	refused();
	check(!shmctl(id, IPC_RMID, NULL));
}

static void semaphore_adjustments(void)
{
	int id = semget(IPC_PRIVATE, 1, IPC_CREAT | 0600);
	struct sembuf op = {0, 3, SEM_UNDO};

	check(id >= 0 && !semop(id, &op, 1));
	expect("task %d (subject): it may have System V semaphore adjustments (SEM_UNDO)",
	       getpid());
	refused();
	check(semctl(id, 0, GETVAL) == 3);
}

static void a_posix_message_queue(void)
{
	mqd_t queue = mq_open("/jobs", O_CREAT | O_RDWR, 0600, NULL);

	check(queue >= 0);
	check(!mq_send(queue, "text", 5, 7));
	expect("task %d (subject): fd %d: /jobs", getpid(), queue);
	expect("POSIX message queue /jobs cannot be carried yet");
	refused();
	struct mq_attr attr;
	check(!mq_getattr(queue, &attr) && attr.mq_curmsgs == 1);
}

static void memory_of_huge_pages(void)
{
	char *p = mmap(NULL, 2 << 20, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB | MAP_NORESERVE, -1, 0);

	if (p == MAP_FAILED)
		skip("no huge pages are set up here");
	expect("task %d (subject): memory at %lx-", getpid(), (unsigned long)p);
	refused();
}

static void memory_that_a_userfaultfd_watches(void)
{
	int fd = (int)syscall(SYS_userfaultfd, O_CLOEXEC);
	struct uffdio_api api = {.api = UFFD_API};
	char *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct uffdio_register reg = {.range = {(unsigned long)p, 4096},
				      .mode = UFFDIO_REGISTER_MODE_MISSING};

	if (fd < 0)
		skip("userfaultfd is not allowed here");
	check(p != MAP_FAILED && !ioctl(fd, UFFDIO_API, &api));
	check(!ioctl(fd, UFFDIO_REGISTER, &reg));
	expect("task %d (subject)", getpid());
	expect("memory at %lx-%lx: it is watched by a userfaultfd", (unsigned long)p,
	       (unsigned long)p + 4096);
	expect("fd %d: anon_inode:[userfaultfd]", fd);
	refused();
}

static void guard_pages(void)
{
	char *p = mmap(NULL, 16384, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	check(p != MAP_FAILED);
	if (madvise(p + 4096, 4096, 102) < 0) /* MADV_GUARD_INSTALL */
		skip("this kernel has no guard pages (Linux 6.13)");
	expect("task %d (subject): it has guard pages (MADV_GUARD_INSTALL) at %lx", getpid(),
	       (unsigned long)p + 4096);
	refused();
}

/* --- tasks */

static void a_traced_child(void)
{
	int status;
	pid_t child = fork();

	if (!child) {
		ptrace(PTRACE_TRACEME, 0, 0, 0);
		raise(SIGUSR1);
		_exit(4);
	}
	check(waitpid(child, &status, 0) == child && WIFSTOPPED(status));
	expect("another program (a debugger?) traces thread");
	refused();
	check(!ptrace(PTRACE_CONT, child, 0, 0));
	check(waitpid(child, &status, 0) == child && WEXITSTATUS(status) == 4);
}

static void in_another_namespace(int flags, const char *name)
{
	int up[2], on[2], status;
	char byte;

	check(!pipe(up) && !pipe(on));
	pid_t child = fork();
	if (!child) {
		check(!unshare(flags));
		if (flags == CLONE_NEWPID) { /* its child is the first process there */
			pid_t inner = fork();
			if (inner)
				_exit(waitpid(inner, &status, 0) != inner || status);
		}
		check(write(up[1], "", 1) == 1 && read(on[0], &byte, 1) == 1);
		_exit(0);
	}
	check(read(up[0], &byte, 1) == 1);
	expect("%s", name);
	refused();
	check(write(on[1], "", 1) == 1);
	check(waitpid(child, &status, 0) == child && status == 0);
}

static void a_child_in_another_network(void)
{
	in_another_namespace(CLONE_NEWNET, "its net namespace is not that of the container");
}

static void a_child_with_mounts_of_its_own(void)
{
	in_another_namespace(CLONE_NEWNS, "its mnt namespace is not that of the container");
}

static void a_nested_pid_namespace(void)
{
	in_another_namespace(CLONE_NEWPID, "it is in a nested pid namespace");
}

static void *last(void *arg)
{
	usleep(2000);
	other_carried();
	exit(0);
	return arg;
}

static void a_process_without_a_leader(void)
{
	pthread_t thread;

	check(!pthread_create(&thread, NULL, last, NULL));
	syscall(SYS_exit, 0);
}

static void a_process_whose_first_thread_has_ended(void)
{
	struct other child = other_start(a_process_without_a_leader);

	expect("its first thread has ended while others go on");
	refused();
	other_ends_well(&child);
}

static void waits_in_vfork(void)
{
	pid_t child = (pid_t)syscall(SYS_clone, CLONE_VFORK | SIGCHLD, 0, 0, 0, 0);

	if (!child) {
		other_carried();
		_exit(0);
	}
	waitpid(child, NULL, 0);
}

static void a_parent_that_waits_in_vfork(void)
{
	struct other child = other_start(waits_in_vfork);

	expect("it waits in vfork(2)");
	refused();
	other_ends_well(&child);
}

static void a_filter_that_asks_a_supervisor(void)
{
	struct sock_filter insn[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getpriority, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	const struct sock_fprog prog = {4, insn};
	int fd = (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
			      SECCOMP_FILTER_FLAG_NEW_LISTENER, &prog);

	check(fd >= 0);
	expect("task %d (subject): ", getpid());
	expect("asks a supervisor process (user notification)");
	expect("fd %d: anon_inode:seccomp notify", fd);
	refused();
}

/* --- how it is said */

static void a_child_with_a_ring(void)
{
	expect("task %d (subject): fd %d: anon_inode:[io_uring]", getpid(), ring());
	other_carried();
}

static void names_every_reason_at_once(void)
{
	int fd = ring();

	expect("task %d (subject): fd %d: anon_inode:[io_uring]", getpid(), fd);
	struct other child = other_start(a_child_with_a_ring);
	int ns = open("/proc/self/ns/uts", O_RDONLY);
	check(ns >= 0);
	expect("task %d (subject): fd %d: uts:[", getpid(), ns);
	refused();
	other_ends_well(&child);
}

RUN(TEST(an_io_uring), TEST(a_perf_counter), TEST(an_open_namespace),
    TEST(system_calls_dispatched_to_itself), TEST(io_ports), TEST(a_memory_policy),
    TEST(a_memory_policy_of_a_region), TEST(a_speculation_control),
    TEST(system_v_shared_memory_of_huge_pages), TEST(semaphore_adjustments),
    TEST(a_posix_message_queue), TEST(memory_of_huge_pages),
    TEST(memory_that_a_userfaultfd_watches), TEST(guard_pages), TEST(a_traced_child),
    TEST(a_child_in_another_network), TEST(a_child_with_mounts_of_its_own),
    TEST(a_nested_pid_namespace), TEST(a_process_whose_first_thread_has_ended),
    TEST(a_parent_that_waits_in_vfork), TEST(a_filter_that_asks_a_supervisor),
    TEST(names_every_reason_at_once))
