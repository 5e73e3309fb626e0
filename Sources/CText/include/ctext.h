/* RE2 (regular expressions in linear time) and libphonenumber (E.164), behind C. Nothing here throws or crashes on junk. */
#ifndef CTEXT_H
#define CTEXT_H
#include <stddef.h>
#include <stdint.h>
#ifdef __cplusplus
extern "C" {
#endif

typedef struct sl_patterns sl_patterns;

/* An empty set of patterns; NULL when memory ran out. */
sl_patterns *sl_patterns_new(void);
void sl_patterns_free(sl_patterns *);
/* Adds a pattern (RE2 syntax, matched without regard to case, anywhere in the text unless it says ^ or $).
 * Returns its index, or -1 and writes why into `why` (ends in 0, cut to `capacity`). */
int32_t sl_patterns_add(sl_patterns *, const char *pattern, size_t length, char *why, size_t capacity);
/* Call once, after the last pattern and before the first search. Returns 0 when memory ran out. */
int32_t sl_patterns_compile(sl_patterns *);
/* The lowest index of a pattern found in the text (UTF-8), or -1. Safe from several threads at once. */
int32_t sl_patterns_find(const sl_patterns *, const char *text, size_t length);

/* The most bytes of text that are tried as a phone number: the longest that people write with words and an extension is far below. */
#define SL_PHONE_MAXIMUM 64

/* E.164 of a phone number as somebody typed it, as seen from a country (ISO 3166-1 alpha-2, upper case).
 * Returns the length written to `out` (and a 0 after it), or 0 when it is no possible number that can be dialled from
 * anywhere, is longer than SL_PHONE_MAXIMUM, or does not fit `capacity`; 17 bytes always do. */
size_t sl_phone_e164(const char *text, size_t length, const char *country, char *out, size_t capacity);
/* 1 when the two letters (upper case) name a country that libphonenumber knows. */
int32_t sl_phone_knows(const char *country);

#ifdef __cplusplus
}
#endif
#endif
