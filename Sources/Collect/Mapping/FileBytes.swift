#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// How the letters of a file are written as bytes.
package enum TextEncoding: String, Sendable, CaseIterable {
    case utf8 = "utf-8"
    /// Windows code page 1252, which ISO 8859-1 files are in practice.
    case windows1252 = "windows-1252"
}

/// Why a file's bytes could not be had.
package enum FileProblem: Error, Sendable, Equatable {
    /// The system's error number of `open` or `fstat`.
    case cannotOpen(path: String, code: Int32)
    case cannotRead(path: String, code: Int32)
    case isFolder(path: String)
    /// The first bytes say UTF-16 or UTF-32.
    case wideText(path: String)

    /// What happened, where, and how to mend it.
    package var sentence: String {
        switch self {
        case .cannotOpen(let path, let code): "\(path) cannot be opened: \(Self.words(code)). Check the path and who may read it."
        case .cannotRead(let path, let code): "\(path) cannot be read: \(Self.words(code))."
        case .isFolder(let path): "\(path) is a folder. Name a file in it."
        case .wideText(let path): "\(path) is UTF-16 or UTF-32. Save it as UTF-8 and import it again."
        }
    }

    private static func words(_ code: Int32) -> String { String(cString: strerror(code)) }
}

/// The bytes of one file, from front to back, a chunk at a time; always UTF-8 without a byte order mark. A file called `-` is
/// standard input.
final class FileBytes {
    /// How many bytes one read asks for: large enough that the system call costs nothing, small enough to stay in cache.
    static let chunk = 1 << 18

    static let standardInput = "-"

    /// As people are told of it.
    let path: String
    /// Size of the file when it was opened, in bytes.
    let size: Int
    /// Bytes of the file read so far.
    private(set) var consumed = 0

    private let descriptor: Int32
    private let encoding: TextEncoding
    private var scratch: [UInt8] = []

    init(path: String, encoding: TextEncoding = .utf8) throws(FileProblem) {
        let opened = path == Self.standardInput ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC)
        guard opened >= 0 else { throw .cannotOpen(path: path, code: errno) }
        var facts = stat()
        guard fstat(opened, &facts) == 0 else {
            let code = errno
            close(opened)
            throw .cannotOpen(path: path, code: code)
        }
        guard facts.st_mode & S_IFMT != S_IFDIR else {
            close(opened)
            throw .isFolder(path: path)
        }
        self.path = path == Self.standardInput ? "standard input" : path
        self.encoding = encoding
        descriptor = opened
        size = Int(facts.st_size)
    }

    deinit { close(descriptor) }

    /// Whether it is a pipe, or standard input: what is read of it cannot be read again. A pipe may not even be opened to see, as
    /// whoever writes into it would find it closed again.
    static func isReadOnce(_ path: String) -> Bool {
        var facts = stat()
        return path == standardInput || (stat(path, &facts) == 0 && ![S_IFREG, S_IFDIR].contains(facts.st_mode & S_IFMT))
    }

    /// Appends the next chunk to `buffer`. False at the end of the file.
    func fill(_ buffer: inout [UInt8]) throws(FileProblem) -> Bool {
        let first = consumed == 0
        let before = buffer.count
        var got = 0
        if encoding == .utf8 {
            // A pipe may give a byte at a time, and the mark has up to three.
            repeat {
                let more = try read(into: &buffer)
                got += more
                if more == 0 { break }
            } while first && got < 3
        } else {
            scratch.removeAll(keepingCapacity: true)
            got = try read(into: &scratch)
            Windows1252.append(scratch, to: &buffer)
        }
        guard got > 0 else { return false }
        if first { try dropMark(&buffer, at: before) }
        return true
    }

    private func read(into buffer: inout [UInt8]) throws(FileProblem) -> Int {
        let before = buffer.count
        buffer.append(contentsOf: repeatElement(0, count: Self.chunk))
        var got = 0
        var code: Int32 = 0
        buffer.withUnsafeMutableBytes { bytes in
            repeat {
                #if canImport(Darwin)
                    got = Darwin.read(descriptor, bytes.baseAddress! + before, Self.chunk)
                #else
                    got = Glibc.read(descriptor, bytes.baseAddress! + before, Self.chunk)
                #endif
                code = errno
            } while got < 0 && code == EINTR
        }
        buffer.removeLast(Self.chunk - max(got, 0))
        guard got >= 0 else { throw .cannotRead(path: path, code: code) }
        consumed += got
        return got
    }

    private func dropMark(_ buffer: inout [UInt8], at start: Int) throws(FileProblem) {
        let head = Array(buffer[start..<min(start + 3, buffer.count)])
        if head == [0xEF, 0xBB, 0xBF] {
            buffer.removeSubrange(start..<(start + 3))
        } else if encoding == .utf8, head.starts(with: [0xFF, 0xFE]) || head.starts(with: [0xFE, 0xFF]) {
            throw .wideText(path: path)
        }
    }
}

/// Windows code page 1252 to UTF-8. The five bytes that page leaves open become U+FFFD.
enum Windows1252 {
    /// What 0x80 to 0x9F stand for (www.unicode.org/Public/MAPPINGS/VENDORS/MICSFT/WINDOWS/CP1252.TXT); the rest is as in Unicode.
    private static let high: [UInt16] = [
        0x20AC, 0xFFFD, 0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160, 0x2039, 0x0152, 0xFFFD, 0x017D, 0xFFFD,
        0xFFFD, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0xFFFD, 0x017E, 0x0178,
    ]

    static func append(_ bytes: [UInt8], to out: inout [UInt8]) {
        for byte in bytes {
            if byte < 0x80 {
                out.append(byte)
                continue
            }
            let scalar = byte < 0xA0 ? high[Int(byte) - 0x80] : UInt16(byte)
            if scalar < 0x800 {
                out.append(UInt8(0xC0 | scalar >> 6))
            } else {
                out.append(UInt8(0xE0 | scalar >> 12))
                out.append(UInt8(0x80 | scalar >> 6 & 0x3F))
            }
            out.append(UInt8(0x80 | scalar & 0x3F))
        }
    }
}
