#ifndef SIGHTLINE_CMEMORY
#define SIGHTLINE_CMEMORY

/// Has the processor fetch what lies there, for whoever reads it soon; goes on at once. Swift has no word for it.
static inline void sl_prefetch(const void *place) { __builtin_prefetch(place, 0, 3); }

#endif
