import Foundation
import Synchronization

/// A receiver of webhooks on a free port of this machine: notes what comes, and answers as it is told. Each connection has its thread.
final class Receiver: Sendable {
    struct Got: Sendable {
        var path: String
        /// By lower-case names.
        var headers: [String: String]
        var body: String
    }
    struct Answer: Sendable {
        var status = 200
        var headers: [String] = []
        var body = ""
        /// Nothing is answered, and the connection ended.
        var isCut = false
        static func status(_ status: Int, _ headers: String...) -> Answer { Answer(status: status, headers: headers) }
    }

    let port: Int
    private let listener: Int32
    private let got = Mutex<[Got]>([])
    private let answer: @Sendable (Int, Got) -> Answer

    /// - Parameter answer: What is answered to the request of this number, from 1.
    init(_ answer: @escaping @Sendable (Int, Got) -> Answer = { _, _ in Answer() }) throws {
        self.answer = answer
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let bound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, length) == 0 && listen(listener, 64) == 0 && getsockname(listener, $0, &length) == 0
            }
        }
        guard bound else { throw POSIXError(.EADDRINUSE) }
        self.listener = listener
        port = Int(UInt16(bigEndian: address.sin_port))
        Thread.detachNewThread { [self] in
            while true {
                let connection = accept(listener, nil, nil)
                guard connection >= 0 else { return }
                Thread.detachNewThread { [self] in serve(connection) }
            }
        }
    }

    func close() { shutdown(listener, Int32(SHUT_RDWR)) }

    var all: [Got] { got.withLock { $0 } }
    var url: String { "http://127.0.0.1:\(port)/hook" }

    private func serve(_ connection: Int32) {
        defer { Foundation.close(connection) }
        var buffer: [UInt8] = []
        while let request = next(connection, &buffer) {
            let number = got.withLock { got in
                got.append(request)
                return got.count
            }
            let answer = answer(number, request)
            if answer.isCut { return }
            let head = (["HTTP/1.1 \(answer.status) X", "Content-Length: \(answer.body.utf8.count)"] + answer.headers).joined(separator: "\r\n")
            let bytes = Array((head + "\r\n\r\n" + answer.body).utf8)
            var sent = 0
            while sent < bytes.count {
                let count = bytes[sent...].withUnsafeBytes { send(connection, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
                guard count > 0 else { return }
                sent += count
            }
        }
    }

    /// The next whole request; nil when the connection has ended.
    private func next(_ connection: Int32, _ buffer: inout [UInt8]) -> Got? {
        var piece = [UInt8](repeating: 0, count: 65_536)
        while true {
            if let end = buffer.firstRange(of: Array("\r\n\r\n".utf8)) {
                let lines = String(decoding: buffer[..<end.lowerBound], as: UTF8.self).components(separatedBy: "\r\n")
                var headers: [String: String] = [:]
                for line in lines.dropFirst() {
                    guard let colon = line.firstIndex(of: ":") else { continue }
                    headers[line[..<colon].lowercased()] = line[line.index(after: colon)...].trimmingCharacters(in: .whitespaces)
                }
                let length = Int(headers["content-length"] ?? "") ?? 0
                if buffer.count - end.upperBound >= length {
                    let body = String(decoding: buffer[end.upperBound..<end.upperBound + length], as: UTF8.self)
                    buffer.removeFirst(end.upperBound + length)
                    return Got(path: lines[0].components(separatedBy: " ")[1], headers: headers, body: body)
                }
            }
            let count = recv(connection, &piece, piece.count, 0)
            guard count > 0 else { return nil }
            buffer += piece[..<count]
        }
    }
}
