/* ustar.h - the block that heads a member of a tar archive */
#ifndef CKRUN_MNT_USTAR_H
#define CKRUN_MNT_USTAR_H

enum { TAR_BLOCK_SIZE = 512, TAR_PAX = 'x', TAR_PAX_GLOBAL = 'g' };

struct ustar {
	char name[100];
	char mode[8];
	char uid[8];
	char gid[8];
	char size[12];
	char mtime[12];
	char checksum[8];
	char type;
	char link[100];
	char magic[6];
	char version[2];
	char uname[32];
	char gname[32];
	char major[8];
	char minor[8];
	char prefix[155];
	char pad[12];
};

_Static_assert(sizeof(struct ustar) == TAR_BLOCK_SIZE, "a header is one block");

#endif
