import Foundation
import Kernel
import Synchronization
import Testing

@testable import Collect
@testable import sightline

/// Gives the steps it was made with.
private final class Steps: ImportReader {
    private var steps: [ImportStep]
    private(set) var progress = ImportProgress()
    init(_ steps: [ImportStep]) { self.steps = steps.reversed() }
    func next() -> ImportStep? {
        progress.rows += 1
        return steps.popLast()
    }
}

/// Answers one request after the other with what it was made with, and keeps what came.
private final class Answers: Sendable {
    private let state: Mutex<(answers: [APIAnswer], bodies: [String])>
    init(_ answers: [APIAnswer]) { state = Mutex((answers.reversed(), [])) }
    var bodies: [String] { state.withLock { $0.bodies } }
    func post(_ body: [UInt8]) throws -> APIAnswer {
        try state.withLock { state in
            state.bodies.append(String(decoding: body, as: UTF8.self))
            guard let answer = state.answers.popLast() else { throw ClientProblem.broken("no more answers") }
            return answer
        }
    }
}

@Suite struct `An import` {
    private func item(_ text: String, line: Int) -> ImportStep { .item(ImportItem(bytes: Array(text.utf8), file: "a.ndjson", line: line)) }
    private func answer(_ status: Int, _ text: String, retryAfter: Int? = nil) -> APIAnswer {
        APIAnswer(status: status, retryAfter: retryAfter, body: Array(text.utf8))
    }
    private let taken = #"{"success":true,"accepted":1,"refused":[],"concluded":true,"repeated":1}"#

    private func run(_ steps: [ImportStep], _ answers: Answers, limit: Int = 1000, most: Int = 2, patience: Duration = .seconds(10)) async throws -> (
        summary: ImportRun.Summary, report: [ReportLine], slept: [Duration]
    ) {
        let report = Mutex<[ReportLine]>([])
        let slept = Mutex<[Duration]>([])
        let run = ImportRun(
            limit: limit, most: most, patience: patience, report: { line in report.withLock { $0.append(line) } }, show: { _, _ in },
            sleep: { time in slept.withLock { $0.append(time) } }, post: { try answers.post($0) })
        let summary = try await run.run(Steps(steps))
        return (summary, report.withLock { $0 }, slept.withLock { $0 })
    }

    @Test func `sends the items in order, as many at a time as may go together`() async throws {
        let answers = Answers([answer(200, taken), answer(200, taken)])
        let done = try await run([item("1", line: 1), item("2", line: 2), .reading, item("3", line: 3)], answers)
        #expect(answers.bodies == [#"{"batch":[1,2]}"#, #"{"batch":[3]}"#])
        #expect(done.summary.accepted == 2 && done.summary.repeated == 2 && done.summary.notCompared == 0)
    }

    @Test func `what is refused is reported with its line, by the reader and by the server alike`() async throws {
        let refusal = #"{"accepted":1,"refused":[{"index":1,"messageId":"m-2","kind":"no-identifier","reason":"Nobody."}]}"#
        let notice = ImportStep.notice(ImportNotice(kind: .refused, file: "a.ndjson", line: 7, event: nil, fault: .notObject))
        let left = ImportStep.notice(ImportNotice(kind: .leftOut, file: "a.ndjson", line: 8, event: nil, fault: .noEvent))
        let done = try await run([item("1", line: 5), item("2", line: 6), notice, left], Answers([answer(200, refusal)]))
        #expect(done.summary.refused == 2 && done.summary.notCompared == 1)
        #expect(done.summary.leftOut == 1)
        #expect(Set(done.report.map(\ReportLine.line)) == [6, 7, 8])
        #expect(done.report.contains(ReportLine(file: "a.ndjson", line: 6, kind: "refused", messageID: "m-2", reason: "Nobody.")))
    }

    @Test func `a server that is busy is asked again when it said, and nothing is lost`() async throws {
        let busy = answer(429, #"{"title":"Busy","detail":""}"#, retryAfter: 3)
        let full = answer(503, #"{"title":"Full","detail":""}"#)
        let answers = Answers([busy, full, answer(200, taken)])
        let done = try await run([item("1", line: 1)], answers)
        #expect(done.slept == [.seconds(3), .seconds(1)])
        #expect(Set(answers.bodies).count == 1 && answers.bodies.count == 3)
        #expect(done.summary.accepted == 1)
    }

    @Test func `patience ends`() async throws {
        let full = answer(503, #"{"title":"Full","detail":"Make room."}"#, retryAfter: 6)
        await #expect(throws: Problem.self) { try await run([item("1", line: 1)], Answers([full, full]), patience: .seconds(10)) }
    }

    @Test func `what a retry cannot mend ends it at once`() async throws {
        let answers = Answers([answer(401, #"{"title":"No","detail":""}"#)])
        await #expect(throws: Problem.self) { try await run([item("1", line: 1), item("2", line: 2)], answers) }
        #expect(answers.bodies.count == 1)
    }

    @Test func `a report is a CSV file that no spreadsheet runs, and there is none without a line`() throws {
        let place = try TemporaryFolder()
        let empty = ImportReport(path: place.path + "/none.csv")
        try empty.close()
        #expect(try place.names() == [])
        let report = ImportReport(path: place.path + "/r.csv")
        try report.add(ReportLine(file: "a,b.csv", line: 2, kind: "refused", messageID: "=1+1", reason: "“x” is \"no\" time"))
        try report.close()
        #expect(place.read("r.csv") == "file,line,kind,message_id,reason\r\n\"a,b.csv\",2,refused,'=1+1,\"“x” is \"\"no\"\" time\"\r\n")
    }

    @Test func `the bar says rows, rate, time left and refusals, and fits`() {
        var progress = ImportProgress()
        progress.bytes = 250
        progress.bytesTotal = 1000
        progress.rows = 50_000
        let summary = ImportRun.Summary(refused: 3)
        let line = ImportDisplay.line(progress, summary, after: .seconds(10), columns: 100, bar: true)
        for part in ["25%", "50,000 rows", "5,000 rows/s", "30 s left", "3 refused", "[#######"] {
            #expect(line.contains(part), "\(part) in \(line)")
        }
        for columns in 10...100 {
            #expect(Text.width(ImportDisplay.line(progress, summary, after: .seconds(10), columns: columns, bar: true)) <= columns)
        }
    }
}
