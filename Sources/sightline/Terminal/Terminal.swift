import Glibc
import Synchronization

/// Where a command writes: standard output for what was asked for, standard error for what is said about it.
struct Terminal: Sendable {
    /// What can be written to.
    struct Stream: Sendable {
        let descriptor: Int32
        /// True when a person looks at it.
        let isTerminal: Bool
        /// True when colours may be used: a person looks at it and did not say no (no-color.org).
        let colours: Bool

        init(descriptor: Int32, environment: [String: String]) {
            self.descriptor = descriptor
            isTerminal = isatty(descriptor) == 1
            colours = isTerminal && (environment["NO_COLOR"] ?? "").isEmpty && environment["TERM"] != "dumb"
        }

        /// Columns; 100 when nobody looks.
        var columns: Int {
            var size = winsize()
            guard isTerminal, ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 100 }
            return Int(size.ws_col)
        }

        func write(_ text: String) throws(WriteProblem) {
            var text = text
            let done = text.withUTF8 { bytes in Self.writeAll(descriptor, UnsafeRawBufferPointer(bytes)) }
            if let problem = done { throw problem }
        }

        func write(_ bytes: UnsafeRawBufferPointer) throws(WriteProblem) {
            if let problem = Self.writeAll(descriptor, bytes) { throw problem }
        }

        /// Writes everything, waiting for whoever reads. Nil when it is done.
        private static func writeAll(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer) -> WriteProblem? {
            var rest = bytes
            while let from = rest.baseAddress, rest.count > 0 {
                let count = Glibc.write(descriptor, from, rest.count)
                if count >= 0 {
                    rest = UnsafeRawBufferPointer(rebasing: rest[count...])
                } else if errno == EAGAIN {
                    var wanted = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                    poll(&wanted, 1, -1)
                } else if errno != EINTR {
                    return errno == EPIPE ? .closed : .failed(errno)
                }
            }
            return nil
        }
    }

    let out: Stream
    let error: Stream

    init(out: Stream, error: Stream) {
        self.out = out
        self.error = error
    }

    init(environment: [String: String]) {
        out = Stream(descriptor: STDOUT_FILENO, environment: environment)
        error = Stream(descriptor: STDERR_FILENO, environment: environment)
    }

    /// A line on standard output: what was asked for.
    func print(_ line: String = "") throws(WriteProblem) { try out.write(line + "\n") }

    /// A line on standard error: what is said about it. Nobody reading it is no reason to stop.
    func say(_ line: String) { try? error.write(line + "\n") }
}

/// Why output could not be written.
enum WriteProblem: Error, Equatable {
    /// Whoever read it went away, as `head` does.
    case closed
    /// The system's number for what is wrong.
    case failed(Int32)
}

/// Colours and weights, or none.
struct Style: Sendable {
    let on: Bool
    private func wrap(_ text: String, _ code: String) -> String { on && !text.isEmpty ? "\u{1B}[\(code)m\(text)\u{1B}[0m" : text }
    func bold(_ text: String) -> String { wrap(text, "1") }
    func faint(_ text: String) -> String { wrap(text, "2") }
    func accent(_ text: String) -> String { wrap(text, "36") }
    func warning(_ text: String) -> String { wrap(text, "33") }
}
