// Simdjson
