import Collect
import Kernel

/// Sends what a reader gives to the tracking API, in the order of the files, and writes down what was refused.
///
/// While one request is on its way the next is read, so that reading costs no time; there is never more than one on its way,
/// so that interactions stand in the ledger in the order of the files.
struct ImportRun {
    /// What came of it.
    struct Summary: Sendable, Equatable {
        var rows = 0
        /// Items that the server took. Those it had taken before count too: it drops them afterwards.
        var accepted = 0
        /// How many of those it had taken before.
        var repeated = 0
        /// How many of those were not compared yet with what it had taken before when it answered.
        var notCompared = 0
        /// Rows that became no item, and items that the server refused.
        var refused = 0
        /// Rows that the mapping leaves out on purpose.
        var leftOut = 0
    }

    private let delivery: Delivery
    private let limit: Int
    private let most: Int
    /// Takes every row that was refused, left out, or is worth a word.
    let report: (ReportLine) throws -> Void
    /// Is told how far it is, often.
    let show: (ImportProgress, Summary) -> Void

    func run(_ reader: any ImportReader) async throws -> Summary {
        var summary = Summary()
        var bodies = ImportBodies(limit: limit, most: most)
        let delivery = delivery
        var body = try next(reader, &bodies, &summary)
        while let current = body {
            async let answer = delivery.send(current.bytes)
            body = try next(reader, &bodies, &summary)
            try take(try await answer, current.origins, &summary)
            summary.rows = reader.progress.rows
            show(reader.progress, summary)
        }
        summary.rows = reader.progress.rows
        show(reader.progress, summary)
        return summary
    }

    /// - Parameters:
    ///   - limit: Bytes of one request.
    ///   - most: Items of one request.
    ///   - patience: How long to go on when the server cannot take anything.
    ///   - post: Sends one request's body.
    init(
        limit: Int = 4 << 20, most: Int = 10_000, patience: Duration = .seconds(600), report: @escaping (ReportLine) throws -> Void,
        show: @escaping (ImportProgress, Summary) -> Void, sleep: @escaping @Sendable (Duration) async throws -> Void,
        post: @escaping @Sendable ([UInt8]) async throws -> APIAnswer
    ) {
        self.limit = limit
        self.most = most
        self.report = report
        self.show = show
        delivery = Delivery(post: post, sleep: sleep, patience: patience)
    }

    /// Reads until a body is full; nil when all is read and sent.
    private func next(_ reader: any ImportReader, _ bodies: inout ImportBodies, _ summary: inout Summary) throws -> ImportBodies.Body? {
        while let step = try reader.next() {
            switch step {
            case .item(let item):
                if let full = bodies.add(item) { return full }
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
        return bodies.finish()
    }

    private func take(_ answer: JSON, _ origins: [(file: String, line: Int)], _ summary: inout Summary) throws {
        let accepted = try answer.whole("accepted")
        summary.accepted += accepted
        if answer["concluded"]?.bool == true { summary.repeated += try answer.whole("repeated") } else { summary.notCompared += accepted }
        for refusal in try answer.list("refused") {
            summary.refused += 1
            let index = try refusal.whole("index")
            guard origins.indices.contains(index) else { throw AnswerProblem.lacks("refused[].index") }
            try report(
                ReportLine(
                    file: origins[index].file, line: origins[index].line, kind: "refused", messageID: refusal["messageId"]?.string,
                    reason: try refusal.text("reason")))
        }
    }
}

/// Sends the requests of an import until they are answered.
struct Delivery: Sendable {
    let post: @Sendable ([UInt8]) async throws -> APIAnswer
    let sleep: @Sendable (Duration) async throws -> Void
    let patience: Duration

    /// Sends a request again as long as the server says that later will do. Sending twice adds nothing: the ids are the same.
    func send(_ body: [UInt8]) async throws -> JSON {
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
