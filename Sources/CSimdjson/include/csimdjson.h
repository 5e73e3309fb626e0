/* simdjson's DOM parser behind C: parse a document, hand out its tape.
 *
 * The tape (simdjson, doc/tape.md) is an array of 64-bit words: a type letter in the top 8 bits, a payload below.
 * Strings lie in a second buffer as a 32-bit length and the unescaped bytes. */
#ifndef CSIMDJSON_H
#define CSIMDJSON_H
#include <stddef.h>
#include <stdint.h>
#ifdef __cplusplus
extern "C" {
#endif

typedef struct sl_json_parser sl_json_parser;

typedef struct {
    const uint64_t *tape;     /* words; valid until the parser parses again */
    const uint8_t *strings;   /* length-prefixed, unescaped; at least 64 bytes are readable behind each */
    int32_t error;            /* 0, or simdjson's error code */
} sl_json_document;

/* What an error code means for whoever sent the document. */
typedef enum {
    SL_JSON_NONE = 0,
    SL_JSON_EMPTY,            /* nothing but white space */
    SL_JSON_DEPTH,            /* nested deeper than the parser allows */
    SL_JSON_UTF8,             /* not UTF-8 */
    SL_JSON_STRING,           /* a bad escape, half a surrogate pair, or a raw control character */
    SL_JSON_NUMBER,           /* a number written wrongly or too large for 64 bits */
    SL_JSON_SYNTAX,           /* any other break of the grammar */
    SL_JSON_CAPACITY,         /* above 4 GB */
    SL_JSON_MEMORY            /* no memory */
} sl_json_fault;

/* Bytes that must be readable behind the input. */
size_t sl_json_padding(void);
sl_json_parser *sl_json_new(size_t max_depth);
void sl_json_free(sl_json_parser *);
/* The longest document the parser has room for without allocating. */
size_t sl_json_capacity(const sl_json_parser *);
/* `data` must have sl_json_padding() readable bytes behind `length`. */
sl_json_document sl_json_parse(sl_json_parser *, const uint8_t *data, size_t length);
/* simdjson's sentence for an error code; static. */
const char *sl_json_error(int32_t error);
sl_json_fault sl_json_classify(int32_t error);

#ifdef __cplusplus
}
#endif
#endif
