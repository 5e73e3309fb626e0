#ifndef SIGHTLINE_CMEMORY
#define SIGHTLINE_CMEMORY

#include <stdint.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

/* What the processor can do with memory and Swift has no word for. */

/// Has the processor fetch what lies there, for whoever reads it soon; goes on at once.
static inline void sl_prefetch(const void *place) { __builtin_prefetch(place, 0, 3); }

/// Which of 64 numbers are one of some: a bit each, the highest for the first.
static inline uint64_t sl_among(const uint16_t *numbers, const uint16_t *wanted, long count) {
    uint64_t found = 0;
#ifdef __SSE2__
    for (int part = 0; part < 4; part++) {
        __m128i low = _mm_loadu_si128((const __m128i *)(numbers + 16 * part)), high = _mm_loadu_si128((const __m128i *)(numbers + 16 * part + 8));
        __m128i is_low = _mm_setzero_si128(), is_high = _mm_setzero_si128();
        for (long w = 0; w < count; w++) {
            __m128i one = _mm_set1_epi16((short)wanted[w]);
            is_low = _mm_or_si128(is_low, _mm_cmpeq_epi16(low, one));
            is_high = _mm_or_si128(is_high, _mm_cmpeq_epi16(high, one));
        }
        found |= (uint64_t)(unsigned)_mm_movemask_epi8(_mm_packs_epi16(is_low, is_high)) << (16 * part);
    }
    return __builtin_bitreverse64(found);
#else
    for (int i = 0; i < 64; i++) {
        uint64_t is = 0;
        for (long w = 0; w < count; w++) is |= numbers[i] == wanted[w];
        found = found << 1 | is;
    }
    return found;
#endif
}

#endif
