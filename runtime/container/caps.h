/* caps.h - capability sets, all five of them */
#ifndef CKRUN_CONTAINER_CAPS_H
#define CKRUN_CONTAINER_CAPS_H

struct err;
struct oci_capabilities;

/* caps_check() - does the caller have what the config asks for?  -EPERM names what is missing. */
int caps_check(const struct oci_capabilities *caps, struct err *err);

/* caps_bound() - drop what is not in the bounding set: takes CAP_SETPCAP, so before caps_set(). */
int caps_bound(const struct oci_capabilities *caps, struct err *err);

/* caps_ambient_lost() - 1: an ambient one is not permitted and inheritable too, so the kernel
 * will not have it; err is how to say so.  runc leaves it out, and its `spec` writes such. */
int caps_ambient_lost(const struct oci_capabilities *caps, struct err *err);

/* caps_set() - permitted, effective, inheritable, ambient: exactly these (CVE-2022-29162), but
 * for ambient ones that cannot be. */
int caps_set(const struct oci_capabilities *caps, struct err *err);

#endif
