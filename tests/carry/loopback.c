/* loopback.c - the container's own network: loopback, and what a task did to it */
#include <arpa/inet.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>

#include "tests/carry/carry.h"

static struct ifreq request(const char *name, const char *address)
{
	struct ifreq ifr = {0};
	struct sockaddr_in *in = (struct sockaddr_in *)&ifr.ifr_addr;

	strncpy(ifr.ifr_name, name, sizeof(ifr.ifr_name) - 1);
	in->sin_family = AF_INET;
	if (address)
		check(inet_pton(AF_INET, address, &in->sin_addr) == 1);
	return ifr;
}

static void keeps_an_address_that_a_task_added(void)
{
	struct ifreq ifr = request("lo:1", "10.77.66.55"), got = request("lo:1", NULL);
	struct sockaddr_in at = {.sin_family = AF_INET,
				 .sin_addr.s_addr = inet_addr("10.77.66.55")};
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	check(!ioctl(fd, SIOCSIFADDR, &ifr));
	close(fd);
	carried();
	fd = socket(AF_INET, SOCK_DGRAM, 0);
	check(!ioctl(fd, SIOCGIFADDR, &got));
	check(!memcmp(&got.ifr_addr, &ifr.ifr_addr, sizeof(struct sockaddr_in)));
	check(!bind(fd, (struct sockaddr *)&at, sizeof(at)));
}

static void keeps_loopback_up_with_its_mtu(void)
{
	struct ifreq ifr = request("lo", NULL);
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	ifr.ifr_mtu = 4321;
	check(!ioctl(fd, SIOCSIFMTU, &ifr));
	close(fd);
	carried();
	fd = socket(AF_INET, SOCK_DGRAM, 0);
	check(!ioctl(fd, SIOCGIFMTU, &ifr) && ifr.ifr_mtu == 4321);
	check(!ioctl(fd, SIOCGIFFLAGS, &ifr) && ifr.ifr_flags & IFF_UP);
}

RUN(TEST(keeps_an_address_that_a_task_added), TEST(keeps_loopback_up_with_its_mtu))
