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

sl_json_document sl_json_parse(sl_json_parser *p, const uint8_t *data, size_t length) {
    /* Capacity is grown here, since growing inside parse() would reset the depth limit. */
    if (length > p->capacity || p->capacity == 0) {
        size_t wanted = length < 65536 ? 65536 : length;
        if (auto e = p->parser.allocate(wanted, p->depth)) return {nullptr, nullptr, int32_t(e)};
        p->capacity = wanted;
    }
    auto result = p->parser.parse(data, length, false);
    if (result.error()) return {nullptr, nullptr, int32_t(result.error())};
    return {p->parser.doc.tape.get(), p->parser.doc.string_buf.get(), 0};
}

const char *sl_json_error(int32_t error) { return error_message(error_code(error)); }
