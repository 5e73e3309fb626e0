import Glibc

/// Marks of new selectors, gathered from what the ledger has from before them: as many as there are, in files beside the
/// timeline's that nobody else sees.
///
/// @unchecked Sendable: the thread that fills it hands it over when it has finished, and only the merge reads it then.
package final class Filling: @unchecked Sendable {
    /// What its files begin with: the merge, which removes what no snapshot names, leaves them alone.
    static let prefix = "filling."
    private let path: String
    private var delta = Delta()
    private(set) var base = Base.empty()
    private var customers = 0
    private var round = 0
    private var hasFinished = false

    /// - Parameter directory: The timeline's folder.
    package init(directory: String) { path = directory + "/" + Self.prefix }

    /// Marks so far.
    package var count: Int { base.marks + delta.count }

    /// - Throws: ``TimelineProblem``
    package func append(_ customer: UInt32, _ mark: Mark) throws(TimelineProblem) {
        precondition(!hasFinished)
        delta.append(customer, mark)
        customers = max(customers, Int(customer) + 1)
        if delta.isFull { try settle() }
    }

    package func finish() throws(TimelineProblem) {
        try settle()
        hasFinished = true
    }

    private func settle() throws(TimelineProblem) {
        guard delta.count > 0 else { return }
        round += 1
        let file = "\(path)\(round)"
        // What is mapped stays when its name goes.
        defer { unlink(file) }
        try Base.merge(base, delta, customers: customers, hidden: [], expiry: Expiry(), to: file)
        guard let merged = Base(file: file) else { throw .unwritable("\(file): cannot be read back") }
        base = merged
        delta = Delta()
    }
}

extension Base {
    /// The marks of two → a new file, synced.
    static func join(_ a: Base, _ b: Base, customers: Int, to file: String) throws(TimelineProblem) {
        let total = a.marks + b.marks
        let memory = try create(file, customers: customers, marks: total)
        let out = Base(memory, customers: customers, marks: total)
        var written = 0
        for c in 0..<UInt32(customers) {
            out.offsets[Int(c)] = UInt32(written)
            let (left, right) = (a.slice(c), b.slice(c))
            var (i, j) = (left.lowerBound, right.lowerBound)
            while i < left.upperBound || j < right.upperBound {
                if j == right.upperBound || i < left.upperBound && !a.mark(i).isAfter(b.mark(j)) {
                    out.put(a.mark(i), at: written)
                    i += 1
                } else {
                    out.put(b.mark(j), at: written)
                    j += 1
                }
                written += 1
            }
        }
        out.offsets[customers] = UInt32(written)
        precondition(written == total)
        try memory.sync()
    }
}
