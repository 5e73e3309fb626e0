import Foundation
import Glibc

/// A kept-alive connection to 127.0.0.1, as plain as can be: what it costs should not show in the figures.
final class Connection {
    private let fd: Int32
    private var buffer: [UInt8]

    /// - Parameter room: Bytes of an answer that are read at a time.
    init?(port: Int, room: Int = 1 << 20) {
        buffer = [UInt8](repeating: 0, count: room)
        fd = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        let done = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(fd, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
        }
        guard done == 0 else {
            close(fd)
            return nil
        }
        var yes: Int32 = 1
        setsockopt(fd, Int32(IPPROTO_TCP), TCP_NODELAY, &yes, socklen_t(MemoryLayout<Int32>.size))
    }

    deinit { close(fd) }

    /// Writes a request and reads its answer; gives the status, or 0 when the connection broke.
    func ask(_ request: [UInt8]) -> Int { exchange(request)?.status ?? 0 }

    /// Writes a request.
    /// - Returns: false when the connection broke.
    func write(_ request: [UInt8]) -> Bool {
        var sent = 0
        while sent < request.count {
            let n = request.withUnsafeBytes { send(fd, $0.baseAddress! + sent, $0.count - sent, Int32(MSG_NOSIGNAL)) }
            guard n > 0 else { return false }
            sent += n
        }
        return true
    }

    /// What has come by now, without waiting; nil when the connection broke. For answers that do not end.
    func arrived() -> ArraySlice<UInt8>? {
        let n = buffer.withUnsafeMutableBytes { recv(fd, $0.baseAddress!, $0.count, Int32(MSG_DONTWAIT)) }
        return n > 0 ? buffer[..<n] : n < 0 && errno == EAGAIN ? [] : nil
    }

    /// Writes a request and reads its whole answer.
    /// - Returns: nil when the connection broke, or the answer does not say how long it is.
    func exchange(_ request: [UInt8]) -> (status: Int, head: String, body: ArraySlice<UInt8>)? {
        guard write(request) else { return nil }
        var have = 0
        while true {
            let n = buffer.withUnsafeMutableBytes { recv(fd, $0.baseAddress! + have, $0.count - have, 0) }
            guard n > 0 else { return nil }
            have += n
            let end = (0..<max(0, have - 3)).first { buffer[$0] == 13 && buffer[$0 + 1] == 10 && buffer[$0 + 2] == 13 && buffer[$0 + 3] == 10 }
            guard let end else { continue }
            let head = String(decoding: buffer[..<end], as: UTF8.self)
            guard let mark = head.range(of: "content-length: ", options: .caseInsensitive) else { return nil }
            let length = Int(head[mark.upperBound...].prefix { $0.isNumber }) ?? 0
            while have < end + 4 + length {
                if buffer.count < end + 4 + length { buffer += [UInt8](repeating: 0, count: end + 4 + length - buffer.count) }
                let n = buffer.withUnsafeMutableBytes { recv(fd, $0.baseAddress! + have, $0.count - have, 0) }
                guard n > 0 else { return nil }
                have += n
            }
            return (Int(head.split(separator: " ").dropFirst().first ?? "0") ?? 0, head, buffer[(end + 4)..<(end + 4 + length)])
        }
    }
}

/// The real server in a process of its own.
final class BenchServer {
    private let process = Process()
    private let program: String
    private let folder: String
    let port: Int
    var pid: Int32 { process.processIdentifier }

    init(program: String, folder: String) throws {
        self.program = program
        self.folder = folder
        port = 20_000 + Int(getpid()) % 20_000
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = ["serve", "--data", folder, "--host", "127.0.0.1", "--port", "\(port)"]
        process.standardError = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        try process.run()
        // A folder that was filled in process has none of the server's own views yet: they are made first, from the ledger.
        for _ in 0..<6000 {
            if let position = health("position"), health("concluded") ?? -1 >= position { return }
            guard process.isRunning else { break }
            usleep(100_000)
        }
        process.terminate()
        throw CocoaError(.executableLoad, userInfo: [NSLocalizedDescriptionKey: "the server does not come to be ready"])
    }

    /// How many raw customers it has.
    func customers() -> Int { max(1, health("customers") ?? 1) }

    /// A number of what `/health` answers; nil while it does not.
    private func health(_ name: String) -> Int? {
        guard let answer = Connection(port: port)?.exchange(Array("GET /health HTTP/1.1\r\nHost: bench\r\n\r\n".utf8)), answer.status == 200 else {
            return nil
        }
        let text = String(decoding: answer.body, as: UTF8.self)
        return text.range(of: "\"\(name)\":").flatMap { Int(text[$0.upperBound...].prefix { $0.isNumber }) }
    }

    /// What a command prints, without the line's end.
    func command(_ arguments: [String]) throws -> String {
        let p = Process()
        let pipe = Pipe()
        p.executableURL = URL(fileURLWithPath: program)
        p.arguments = arguments + ["--data", folder]
        p.standardOutput = pipe
        try p.run()
        let text = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        p.waitUntilExit()
        return text.trimmingCharacters(in: .whitespacesAndNewlines)
    }

    func stop() {
        process.terminate()
        process.waitUntilExit()
    }
}
