import Glibc
import Kernel

/// Memory that a class owns: mapped read-only from a file, or anonymous and lazily zero. Whoever scans it holds a
/// reference to its owner, so it is unmapped when the last reader is done, also after the file was replaced.
///
/// @unchecked Sendable: `base` and `count` never change; a file mapping is written only by the one who makes it, before
/// anybody else sees it; an anonymous one is written by one thread and read by others under the rules of its owner.
final class Mapped: @unchecked Sendable {
    let base: UnsafeMutableRawPointer
    let count: Int

    /// A file to read; nil when it is missing, empty or cannot be mapped.
    init?(file: String) {
        let fd = open(file, O_RDONLY | O_CLOEXEC)
        guard fd >= 0 else { return nil }
        defer { close(fd) }
        var s = stat()
        guard fstat(fd, &s) == 0, s.st_size > 0, let p = mmap(nil, Int(s.st_size), PROT_READ, MAP_SHARED, fd, 0), p != MAP_FAILED else { return nil }
        count = Int(s.st_size)
        base = p
    }

    /// Address space that fills lazily: nothing in it ever moves under a reader.
    /// - Parameter inOrder: Filled from the beginning, so that large pages, among which what is looked up here and there is found sooner,
    ///   take no more memory. A system that has none goes on as it is.
    init(anonymous n: Int, inOrder: Bool = false) {
        guard let p = mmap(nil, n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0), p != MAP_FAILED else {
            fatalError("no address space for \(n) bytes: raise the limit on virtual memory (ulimit -v)")
        }
        if inOrder { _ = madvise(p, n, MADV_HUGEPAGE) }
        count = n
        base = p
    }

    /// A new file of a known size, written through the mapping and then synced. One of that name must not be there: whoever has it
    /// mapped would see it change.
    ///
    /// Its blocks are reserved first: writing to a mapping on a full disk would end the process.
    /// - Throws: ``TimelineProblem/unwritable(_:)``
    init(create file: String, size: Int) throws(TimelineProblem) {
        let fd = open(file, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard fd >= 0 else { throw .unwritable(String(cString: strerror(errno))) }
        defer { close(fd) }
        let code = posix_fallocate(fd, 0, off_t(size))
        guard code == 0 else {
            unlink(file)
            throw .unwritable(String(cString: strerror(code)))
        }
        guard let p = mmap(nil, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0), p != MAP_FAILED else {
            throw .unwritable(String(cString: strerror(errno)))
        }
        count = size
        base = p
    }

    /// Waits until the file is on the disk. Slice by slice: the ledger syncs to the same disk, and would else wait behind
    /// the whole file.
    func sync() throws(TimelineProblem) {
        for from in stride(from: 0, to: count, by: Self.slice) {
            guard msync(base + from, min(Self.slice, count - from), MS_SYNC) == 0 else { throw .unwritable(String(cString: strerror(errno))) }
        }
    }

    /// Bytes written to the disk in one go: a few milliseconds' worth, and a multiple of the page.
    private static let slice = 4 << 20

    deinit { Unmapping.shared.unmap(base, count) }

    func at<T>(_ offset: Int, as type: T.Type = T.self) -> UnsafeMutablePointer<T> { base.advanced(by: offset).assumingMemoryBound(to: T.self) }
}

/// Gives address space back on a thread of its own. The last to hold a snapshot may be the pipeline or whoever answers a
/// request, and unmapping takes about a millisecond for three megabytes.
private final class Unmapping: Sendable {
    static let shared = Unmapping()
    /// Address and bytes.
    private let regions = Mailbox<(address: UInt, bytes: Int)>()
    /// Bytes unmapped at a time: whoever maps or faults meanwhile waits no longer than that.
    private static let slice = 4 << 20

    private init() {
        startThread("unmap", isPatient: true) { [regions] in
            while true {
                for region in regions.take() {
                    for from in stride(from: 0, to: region.bytes, by: Self.slice) {
                        munmap(UnsafeMutableRawPointer(bitPattern: region.address)! + from, min(Self.slice, region.bytes - from))
                    }
                }
            }
        }
    }

    func unmap(_ base: UnsafeMutableRawPointer, _ bytes: Int) {
        if bytes <= Self.slice { munmap(base, bytes) } else { regions.send((UInt(bitPattern: base), bytes)) }
    }
}

/// Why the timeline's files could not be written. Nothing is lost: they follow from the ledger.
package enum TimelineProblem: Error, Equatable, Sendable {
    case unwritable(String)
}
