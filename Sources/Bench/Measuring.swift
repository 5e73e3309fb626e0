import Foundation
import Glibc

/// Seconds of a clock that only goes forward.
func seconds() -> Double {
    var t = timespec()
    clock_gettime(CLOCK_MONOTONIC, &t)
    return Double(t.tv_sec) + Double(t.tv_nsec) * 1e-9
}

/// Processor seconds of this whole process.
func processorSeconds() -> Double {
    var t = timespec()
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t)
    return Double(t.tv_sec) + Double(t.tv_nsec) * 1e-9
}

/// Processor seconds of another process, from its /proc/PID/stat; nil when it is gone.
func processorSeconds(of pid: Int32) -> Double? {
    guard let text = try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8), let end = text.lastIndex(of: ")") else { return nil }
    let fields = text[text.index(after: end)...].split(separator: " ")
    guard fields.count > 12, let user = Double(fields[11]), let system = Double(fields[12]) else { return nil }
    return (user + system) / Double(sysconf(Int32(_SC_CLK_TCK)))
}

/// The bare limit of what is acknowledged when durable: seconds that writing these bytes one after the other to one file of
/// the folder takes, synced every 4 MB, as the ledger commits.
func appendAndSync(_ chunks: [[UInt8]], in folder: String) -> Double {
    let path = folder + "/bare"
    let fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
    defer {
        close(fd)
        unlink(path)
    }
    let began = seconds()
    var waiting = 0
    for chunk in chunks {
        _ = chunk.withUnsafeBytes { write(fd, $0.baseAddress!, $0.count) }
        waiting += chunk.count
        if waiting >= 4 << 20 {
            fdatasync(fd)
            waiting = 0
        }
    }
    fdatasync(fd)
    return seconds() - began
}

/// The value below which a share of the samples lies.
func percentile(_ samples: [Double], _ share: Double) -> Double {
    let sorted = samples.sorted()
    return sorted.isEmpty ? 0 : sorted[min(sorted.count - 1, Int(Double(sorted.count) * share))]
}

/// Lines of the report: what, how much, against which limit, whether the design's target is reached.
struct Report {
    private var missed = 0
    private var lines = 0

    /// - Parameters:
    ///   - target: the design's words for what is to be reached.
    ///   - reached: nil for a row without a target.
    mutating func row(_ what: String, _ figures: String, target: String? = nil, reached: Bool? = nil) {
        var line = "\(what.padding(toLength: 46, withPad: " ", startingAt: 0)) \(figures)"
        if let target, let reached {
            line += "\n\(String(repeating: " ", count: 47))\(reached ? "reached" : "MISSED ") the target: \(target)"
            lines += 1
            if !reached { missed += 1 }
        }
        print(line)
        fflush(nil)
    }

    func end() { print("\n\(lines - missed) of \(lines) targets reached.") }
}

func number(_ x: Double, _ digits: Int = 0) -> String { String(format: "%.\(digits)f", x) }
func rate(_ n: Int, _ s: Double) -> String {
    let r = Int(Double(n) / s)
    return r > 10_000 ? "\(r / 1000),000/s" : "\(r)/s"
}
func microseconds(_ s: Double) -> String { number(s * 1e6, s < 1e-4 ? 1 : 0) + " µs" }
func milliseconds(_ s: Double) -> String { number(s * 1e3, s < 0.1 ? 1 : 0) + " ms" }
