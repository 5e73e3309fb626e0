#include <curl/curl.h>

/* curl_easy_setopt and curl_easy_getinfo take varargs, which Swift cannot call: one typed wrapper each. */
typedef size_t (*sl_curl_data)(char *, size_t, size_t, void *);
static inline CURLcode sl_curl_set_string(CURL *h, CURLoption o, const char *v) { return curl_easy_setopt(h, o, v); }
static inline CURLcode sl_curl_set_long(CURL *h, CURLoption o, long v) { return curl_easy_setopt(h, o, v); }
static inline CURLcode sl_curl_set_size(CURL *h, CURLoption o, curl_off_t v) { return curl_easy_setopt(h, o, v); }
static inline CURLcode sl_curl_set_pointer(CURL *h, CURLoption o, const void *v) { return curl_easy_setopt(h, o, v); }
static inline CURLcode sl_curl_set_data(CURL *h, CURLoption o, sl_curl_data v) { return curl_easy_setopt(h, o, v); }
static inline CURLcode sl_curl_get_long(CURL *h, CURLINFO i, long *v) { return curl_easy_getinfo(h, i, v); }
