#include "csimdjson.h"
#include <new>
#include <simdjson.h>

using namespace simdjson;

struct sl_json_parser {
    dom::parser parser;
    size_t depth;
    size_t capacity = 0;
};

size_t sl_json_padding(void) { return SIMDJSON_PADDING; }

sl_json_parser *sl_json_new(size_t max_depth) {
    auto *p = new (std::nothrow) sl_json_parser;
    if (p) p->depth = max_depth;
    return p;
}

void sl_json_free(sl_json_parser *p) { delete p; }

size_t sl_json_capacity(const sl_json_parser *p) { return p->capacity; }

/* Makes room for documents of `wanted` bytes: the parser's own buffers and the document's. simdjson would grow both by
 * itself inside parse(), but then each slightly longer document would allocate again, and the first growth would put the
 * depth limit back to simdjson's default. */
static error_code grow(sl_json_parser *p, size_t wanted) {
    p->capacity = 0;
    if (auto e = p->parser.allocate(wanted, p->depth)) return e;
    if (auto e = p->parser.doc.allocate(wanted)) return e;
    p->capacity = wanted;
    return SUCCESS;
}

sl_json_document sl_json_parse(sl_json_parser *p, const uint8_t *data, size_t length) {
    if (length > p->capacity || p->capacity == 0) {
        size_t wanted = 16384;
        while (wanted < length) wanted *= 2;
        if (auto e = grow(p, wanted)) return {nullptr, nullptr, int32_t(e)};
    }
    auto result = p->parser.parse(data, length, false);
    if (result.error()) return {nullptr, nullptr, int32_t(result.error())};
    return {p->parser.doc.tape.get(), p->parser.doc.string_buf.get(), 0};
}

const char *sl_json_error(int32_t error) { return error_message(error_code(error)); }

sl_json_fault sl_json_classify(int32_t error) {
    switch (error_code(error)) {
    case SUCCESS: return SL_JSON_NONE;
    case EMPTY: return SL_JSON_EMPTY;
    case DEPTH_ERROR: return SL_JSON_DEPTH;
    case UTF8_ERROR: return SL_JSON_UTF8;
    case STRING_ERROR:
    case UNESCAPED_CHARS: return SL_JSON_STRING;
    case NUMBER_ERROR:
    case NUMBER_OUT_OF_RANGE: return SL_JSON_NUMBER;
    case CAPACITY: return SL_JSON_CAPACITY;
    case MEMALLOC: return SL_JSON_MEMORY;
    default: return SL_JSON_SYNTAX;
    }
}
