#include <curl/curl.h>
#include <netinet/in.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>

/* curl_easy_setopt, curl_multi_setopt and curl_easy_getinfo take varargs, which Swift cannot call: one typed wrapper each. */
typedef size_t (*sl_curl_data)(char *, size_t, size_t, void *);
typedef curl_socket_t (*sl_curl_open)(void *, curlsocktype, struct curl_sockaddr *);
static inline CURLcode sl_curl_set_string(CURL *h, CURLoption o, const char *v) { return curl_easy_setopt(h, o, v); }
static inline CURLcode sl_curl_set_long(CURL *h, CURLoption o, long v) { return curl_easy_setopt(h, o, v); }
static inline CURLcode sl_curl_set_size(CURL *h, CURLoption o, curl_off_t v) { return curl_easy_setopt(h, o, v); }
static inline CURLcode sl_curl_set_pointer(CURL *h, CURLoption o, const void *v) { return curl_easy_setopt(h, o, v); }
static inline CURLcode sl_curl_set_data(CURL *h, CURLoption o, sl_curl_data v) { return curl_easy_setopt(h, o, v); }
static inline CURLcode sl_curl_set_open(CURL *h, sl_curl_open v) { return curl_easy_setopt(h, CURLOPT_OPENSOCKETFUNCTION, v); }
static inline CURLcode sl_curl_get_long(CURL *h, CURLINFO i, long *v) { return curl_easy_getinfo(h, i, v); }

/* HTTP and HTTPS and nothing else. The option by text is there from 7.85 on, and the one before is deprecated since. */
static inline CURLcode sl_curl_web_only(CURL *h) {
#if LIBCURL_VERSION_NUM >= 0x075500
    return curl_easy_setopt(h, CURLOPT_PROTOCOLS_STR, "http,https");
#else
    return curl_easy_setopt(h, CURLOPT_PROTOCOLS, (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif
}

/* A transfer that is given up does not wait for the thread that still looks up its name. From 7.87 on. */
static inline void sl_curl_quick_exit(CURL *h) {
#if LIBCURL_VERSION_NUM >= 0x075700
    curl_easy_setopt(h, CURLOPT_QUICK_EXIT, 1L);
#endif
}

/* The address that is about to be connected to, in IPv6's 16 bytes; one of IPv4 as IPv6 writes it (RFC 4291, section 2.5.5.2).
   1, or 0 for what is neither. The memory behind `addr` is as long as `addrlen` says, so bytes are copied and not the struct. */
static inline int sl_curl_address(const struct curl_sockaddr *a, unsigned char out[16]) {
    const unsigned char *from = (const unsigned char *)a + offsetof(struct curl_sockaddr, addr);
    if (a->family == AF_INET && a->addrlen >= sizeof(struct sockaddr_in)) {
        static const unsigned char mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
        memcpy(out, mapped, 12);
        memcpy(out + 12, from + offsetof(struct sockaddr_in, sin_addr), 4);
        return 1;
    }
    if (a->family == AF_INET6 && a->addrlen >= sizeof(struct sockaddr_in6)) {
        memcpy(out, from + offsetof(struct sockaddr_in6, sin6_addr), 16);
        return 1;
    }
    return 0;
}

/* What libcurl does when nobody asks it otherwise. */
static inline curl_socket_t sl_curl_socket(const struct curl_sockaddr *a) {
    int kind = a->socktype;
#ifdef SOCK_CLOEXEC
    kind |= SOCK_CLOEXEC;
#endif
    return socket(a->family, kind, a->protocol);
}
static inline curl_socket_t sl_curl_no_socket(void) { return CURL_SOCKET_BAD; }
