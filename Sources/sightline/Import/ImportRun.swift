import Collect
import Kernel

/// Sends what a reader gives to the tracking API, in the order of the files, and writes down what was refused.
///
/// While one request is on its way the next is read, so that reading costs no time; there is never more than one on its way,
/// so that interactions stand in the ledger in the order of the files.
struct ImportRun {
    /// How much goes into one request.
    struct Limits: Sendable {
        var bytes = 4 << 20
        var items = 2500
    }

    /// What came of it.
    struct Summary: Sendable, Equatable {
        var rows = 0
        /// Items that the server took. Those it had taken before count too: it drops them afterwards.
        var accepted = 0
        /// Rows that became no item, and items that the server refused.
        var refused = 0
        /// Rows that the mapping leaves out on purpose.
        var leftOut = 0
    }

    private let delivery: Delivery
    let limits: Limits
    /// Takes every row that was refused, left out, or is worth a word.
    let report: (ReportLine) throws -> Void
    /// Is told how far it is, often.
    let show: (ImportProgress, Summary) -> Void

    /// Items that go together.
    private struct Parcel: Sendable {
        var items: [ImportItem] = []
        var bytes = 0
    }

    func run(_ reader: any ImportReader) async throws -> Summary {
        var summary = Summary()
        let delivery = delivery
        var parcel = try fill(reader, &summary)
        while let current = parcel {
            async let answers = delivery.send(current.items)
            parcel = try fill(reader, &summary)
            for (items, answer) in try await answers { try take(answer, items, &summary) }
            summary.rows = reader.progress.rows
            show(reader.progress, summary)
        }
        summary.rows = reader.progress.rows
        show(reader.progress, summary)
        return summary
    }

    // The item that did not fit into a parcel begins the next: the reader cannot be turned back.
    private final class Carried { var item: ImportItem? }
    private let carried = Carried()

    /// - Parameters:
    ///   - patience: How long to go on when the server cannot take anything.
    ///   - post: Sends one request's body.
    init(
        limits: Limits = Limits(), patience: Duration = .seconds(600), report: @escaping (ReportLine) throws -> Void,
        show: @escaping (ImportProgress, Summary) -> Void, sleep: @escaping @Sendable (Duration) async throws -> Void,
        post: @escaping @Sendable ([UInt8]) async throws -> APIAnswer
    ) {
        self.limits = limits
        self.report = report
        self.show = show
        delivery = Delivery(post: post, sleep: sleep, patience: patience)
    }

    /// Reads the next parcel; nil when all is read.
    private func fill(_ reader: any ImportReader, _ summary: inout Summary) throws -> Parcel? {
        var parcel = Parcel()
        func add(_ item: ImportItem) {
            parcel.items.append(item)
            parcel.bytes += item.bytes.count + 1
        }
        if let item = carried.item {
            carried.item = nil
            add(item)
        }
        while parcel.items.count < limits.items, let step = try reader.next() {
            switch step {
            case .item(let item):
                guard parcel.items.isEmpty || parcel.bytes + item.bytes.count + 1 <= limits.bytes - Delivery.frame else {
                    carried.item = item
                    return parcel
                }
                add(item)
            case .notice(let notice):
                switch notice.kind {
                case .refused: summary.refused += 1
                case .leftOut: summary.leftOut += 1
                case .note: break
                }
                try report(ReportLine(file: notice.file, line: notice.line, kind: notice.kind.rawValue, messageID: nil, reason: notice.sentence))
            case .reading:
                show(reader.progress, summary)
            }
        }
        return parcel.items.isEmpty ? nil : parcel
    }

    private func take(_ answer: JSON, _ items: [ImportItem], _ summary: inout Summary) throws {
        summary.accepted += try answer.whole("accepted")
        for refusal in try answer.list("refusals") {
            summary.refused += 1
            let index = try refusal.whole("index")
            guard items.indices.contains(index) else { throw AnswerProblem.lacks("refusals[].index") }
            try report(
                ReportLine(
                    file: items[index].file, line: items[index].line, kind: "refused", messageID: refusal["messageId"]?.string,
                    reason: try refusal.text("reason")))
        }
    }
}

/// Sends the requests of an import until they are answered.
private struct Delivery: Sendable {
    let post: @Sendable ([UInt8]) async throws -> APIAnswer
    let sleep: @Sendable (Duration) async throws -> Void
    let patience: Duration

    static let opening = Array("{\"batch\":[".utf8)
    /// Bytes of a request around its items.
    static let frame = opening.count + 2

    /// Sends items until each part of them was answered. A request that the server finds too large is sent in halves.
    func send(_ items: [ImportItem]) async throws -> [([ImportItem], JSON)] {
        var body = Self.opening
        body.reserveCapacity(items.reduce(Self.frame) { $0 + $1.bytes.count + 1 })
        for (i, item) in items.enumerated() {
            if i > 0 { body.append(0x2C) }
            body += item.bytes
        }
        body += Array("]}".utf8)
        do {
            return [(items, try await deliver(body))]
        } catch let problem as Problem where problem.status == 413 && items.count > 1 {
            let half = items.count / 2
            return try await send(Array(items[..<half])) + send(Array(items[half...]))
        }
    }

    /// Sends a request again as long as the server says that later will do. Sending twice adds nothing: the ids are the same.
    private func deliver(_ body: [UInt8]) async throws -> JSON {
        var waited = Duration.zero
        while true {
            do {
                return try await post(body).json()
            } catch {
                let pause: Duration
                switch error {
                case let problem as Problem where problem.status == 429 || problem.status == 503:
                    pause = .seconds(min(max(problem.retryAfter ?? 1, 1), 60))
                case ClientProblem.broken: pause = .seconds(1)
                default: throw error
                }
                waited += pause
                guard waited <= patience else { throw error }
                try await sleep(pause)
            }
        }
    }
}

/// A row of the report of an import.
struct ReportLine: Sendable, Equatable {
    var file: String
    var line: Int
    /// `refused`, `left out`, `note`
    var kind: String
    /// Of the item that the server refused; nil when the row became none.
    var messageID: String?
    var reason: String
}
