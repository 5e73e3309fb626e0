import Collect
import Kernel
import Testing

@Suite struct `Gzip` {
    /// Made by Python's gzip (zlib), modification time 0.
    private static let hello: [UInt8] = [
        0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0xff, 0xcb, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00, 0x86, 0xa6, 0x10, 0x36, 0x05, 0x00,
        0x00, 0x00,
    ]

    private func unpack(_ bytes: [UInt8], limit: Int) throws(InflateProblem) -> [UInt8] {
        let made = bytes.withUnsafeBytes { bytes -> Result<[UInt8], InflateProblem> in
            do throws(InflateProblem) { return .success(try Inflate.gzip(bytes, limit: limit)) } catch { return .failure(error) }
        }
        return try made.get()
    }

    /// Gzip of text, stored without packing (RFC 1951 section 3.2.4), so that any length can be made here.
    private func packed(_ text: [UInt8]) -> [UInt8] {
        var out: [UInt8] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255]
        var from = 0
        repeat {
            let count = min(65_535, text.count - from)
            out.append(from + count == text.count ? 1 : 0)
            out += [UInt8(count & 255), UInt8(count >> 8), UInt8(~count & 255), UInt8(~count >> 8 & 255)]
            out += text[from..<(from + count)]
            from += count
        } while from < text.count
        var crc: UInt32 = 0xffff_ffff
        for byte in text {
            crc ^= UInt32(byte)
            for _ in 0..<8 { crc = crc & 1 == 1 ? crc >> 1 ^ 0xedb8_8320 : crc >> 1 }
        }
        for shift in [0, 8, 16, 24] { out.append(UInt8(~crc >> shift & 255)) }
        for shift in [0, 8, 16, 24] { out.append(UInt8(text.count >> shift & 255)) }
        return out
    }

    @Test func `is unpacked, one member or several`() throws {
        #expect(try unpack(Self.hello, limit: 100) == Array("hello".utf8))
        #expect(try unpack(Self.hello + Self.hello, limit: 100) == Array("hellohello".utf8))
        #expect(try unpack(packed([]), limit: 0) == [])
        let long = (0..<300_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        #expect(try unpack(packed(long), limit: 1 << 20) == long)
    }

    @Test(arguments: [1, 4095, 4096, 4097, 20_480, 100_000]) func `as many bytes as allowed come out, and one more is a problem`(size: Int) throws {
        let text = [UInt8](repeating: 120, count: size)
        #expect(try unpack(packed(text), limit: size) == text)
        #expect(throws: InflateProblem.overLimit(size - 1)) { try unpack(packed(text), limit: size - 1) }
        #expect(throws: InflateProblem.overLimit(size + 4)) { try unpack(packed(text) + Self.hello, limit: size + 4) }
    }

    @Test func `a bomb is defused before it is unpacked`() throws {
        // 1,000 times the deflate block for 258 zeros per two bits or so would be megabytes: many members do as well.
        let bomb = Array(repeatElement(packed([UInt8](repeating: 0, count: 60_000)), count: 50).joined())
        #expect(throws: InflateProblem.overLimit(500_000)) { try unpack(bomb, limit: 500_000) }
    }

    @Test func `what is none or is damaged is told apart`() throws {
        #expect(throws: InflateProblem.notGzip) { try unpack([], limit: 9) }
        #expect(throws: InflateProblem.notGzip) { try unpack(Array("{\"a\":1}".utf8), limit: 9) }
        for end in 2..<Self.hello.count { #expect(throws: InflateProblem.truncated) { try unpack(Array(Self.hello[..<end]), limit: 9) } }
        for place in [2, 12, 14, 18, 20] {
            var bytes = Self.hello
            bytes[place] ^= 0x55
            #expect(throws: (any Error).self) { try unpack(bytes, limit: 99) }
        }
        #expect(throws: InflateProblem.corrupt) { try unpack(Self.hello + [1, 2, 3], limit: 99) }
        for problem in [InflateProblem.notGzip, .truncated, .corrupt] { #expect(CollectProblem.gzip(problem).problem.status == 400) }
        #expect(CollectProblem.gzip(.overLimit(5)).problem.status == 413)
    }
}
