import Foundation

/// What the system says of this process. A figure that the system does not tell is nil, and left out.
struct ProcessFigures {
    /// Bytes of memory that are the process's now.
    var residentBytes: Int?
    /// Seconds of processor time, of all threads.
    var cpuSeconds: Double?
    var openFiles: Int?
    var mostOpenFiles: UInt64?

    /// As of now, from /proc (see proc(5)).
    static func now() -> ProcessFigures {
        var figures = ProcessFigures()
        // The second number of statm is resident pages.
        if let pages = (try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8))?.split(separator: " ").dropFirst().first.flatMap({ Int($0) }
        ) {
            figures.residentBytes = pages * sysconf(Int32(_SC_PAGESIZE))
        }
        figures.cpuSeconds = cpuSeconds()
        // The listing itself holds one of them open.
        figures.openFiles = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")).map { $0.count - 1 }
        var limit = rlimit()
        if getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 { figures.mostOpenFiles = UInt64(limit.rlim_cur) }
        return figures
    }

    /// The 14th and 15th fields of stat: ticks in the program and in the system. The second, the program's name, is in
    /// parentheses and may hold spaces.
    private static func cpuSeconds() -> Double? {
        guard let text = try? String(contentsOfFile: "/proc/self/stat", encoding: .utf8), let name = text.lastIndex(of: ")") else { return nil }
        let fields = text[text.index(after: name)...].split(separator: " ")
        guard fields.count > 12, let user = Double(fields[11]), let system = Double(fields[12]) else { return nil }
        return (user + system) / Double(sysconf(Int32(_SC_CLK_TCK)))
    }

    func write(to out: inout Exposition) {
        if let residentBytes {
            out.family("process_resident_memory_bytes", .gauge, "Bytes of memory that are the process's now.")
            out.sample(residentBytes)
        }
        if let cpuSeconds {
            out.family("process_cpu_seconds_total", .counter, "Seconds of processor time, of all threads.")
            out.sample(cpuSeconds)
        }
        if let openFiles {
            out.family("process_open_fds", .gauge, "Files and connections that are open.")
            out.sample(openFiles)
        }
        if let mostOpenFiles {
            out.family("process_max_fds", .gauge, "Files and connections that may be open at once.")
            out.sample(mostOpenFiles)
        }
    }
}
