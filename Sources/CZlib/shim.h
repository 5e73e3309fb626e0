#include <zlib.h>

/* inflateInit2 is a macro. Window bits 31: gzip only. */
static inline int sl_inflate_gzip_init(z_stream *s) { return inflateInit2(s, 31); }
