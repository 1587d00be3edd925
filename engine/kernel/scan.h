/* scan.h - numbers and words of kernel text
 *
 * A cursor is a pointer into a string that ends in NUL.  Each function takes one thing from its
 * front and moves it on; false means that the thing is not there, and the cursor stays.
 * Numbers: no blanks before, no "0x", no sign but the minus of scan_s64/s32, and they must fit.
 */
#ifndef CKRUN_KERNEL_SCAN_H
#define CKRUN_KERNEL_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;

bool scan_u64(const char **at, unsigned int base, uint64_t *ret);
bool scan_u32(const char **at, unsigned int base, uint32_t *ret);
bool scan_s64(const char **at, int64_t *ret); /* decimal */
bool scan_s32(const char **at, int32_t *ret);

bool scan_lit(const char **at, const char *literal);
void scan_blanks(const char **at); /* spaces and tabs, perhaps none */
bool scan_line(const char **at);   /* to the start of the next line; false at the end of text */

/* scan_word() - what stands before the next blank, newline or NUL; ret_len may be 0. */
const char *scan_word(const char **at, size_t *ret_len);

/* scan_rest() - what stands before the next newline or NUL; the newline stays. */
const char *scan_rest(const char **at, size_t *ret_len);

/* scan_decode() - a copy in which octal escapes of the characters of `escaped` are those again.
 * seq_path() and mangle() take such a list: "\n" in maps, " \t\n\\#" in mountinfo.  An escape of
 * another character was in the name itself.  NULL: out of memory. */
char *scan_decode(struct arena *arena, const char *text, size_t len, const char *escaped);

#endif
