import CZlib

/// Why a gzip body cannot be unpacked.
package enum InflateProblem: Error, Equatable, Sendable {
    case notGzip
    case truncated
    /// A checksum or the coding is wrong, or something else follows the gzip members.
    case corrupt
    /// It would have more bytes than allowed.
    case overLimit(Int)
    case memory
}

/// Unpacks gzip (RFC 1952).
package enum Inflate {
    /// The unpacked bytes of one or more gzip members.
    ///
    /// - Parameter limit: The most bytes that may come out. Never more than that, and a few kilobytes, is allocated, whatever
    ///   the body claims: a megabyte of gzip can hold a gigabyte of zeros.
    /// - Throws: ``InflateProblem``.
    package static func gzip(_ bytes: UnsafeRawBufferPointer, limit: Int) throws(InflateProblem) -> [UInt8] {
        guard bytes.count >= 2, bytes[0] == 0x1f, bytes[1] == 0x8b, let start = bytes.baseAddress else { throw .notGzip }
        guard bytes.count <= Int(UInt32.max) else { throw .overLimit(limit) }
        var stream = z_stream()
        guard sl_inflate_gzip_init(&stream) == Z_OK else { throw .memory }
        defer { inflateEnd(&stream) }
        // zlib only reads what next_in points to; its type is older than const.
        stream.next_in = UnsafeMutablePointer(mutating: start.assumingMemoryBound(to: UInt8.self))
        stream.avail_in = UInt32(bytes.count)
        // Text shrinks to a fifth or so; from there the room doubles up to one byte past the limit, which tells too much.
        var out: [UInt8] = []
        var room = min(limit + 1, max(bytes.count * 5, 4096))
        while true {
            let before = out.count
            let code = grow(&out, to: room, &stream)
            switch code {
            case Z_STREAM_END:
                if out.count > limit { throw .overLimit(limit) }
                if stream.avail_in == 0 { return out }
                guard inflateReset(&stream) == Z_OK else { throw .corrupt }
            case Z_OK, Z_BUF_ERROR:
                if out.count > limit { throw .overLimit(limit) }
                if out.count < room && (stream.avail_in == 0 || out.count == before) { throw .truncated }
            case Z_MEM_ERROR: throw .memory
            default: throw .corrupt
            }
            if out.count == room { room = min(limit + 1, room * 2) }
        }
    }

    /// Unpacks into the room between the bytes so far and `room`; zlib's answer.
    private static func grow(_ out: inout [UInt8], to room: Int, _ stream: inout z_stream) -> Int32 {
        let before = out.count
        var code = Z_OK
        let more = [UInt8](unsafeUninitializedCapacity: room - before) { buffer, count in
            stream.next_out = buffer.baseAddress
            stream.avail_out = UInt32(room - before)
            code = inflate(&stream, Z_NO_FLUSH)
            count = room - before - Int(stream.avail_out)
        }
        if before == 0 { out = more } else { out.append(contentsOf: more) }
        return code
    }
}
