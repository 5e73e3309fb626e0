import Foundation
import Kernel

/// The pages that people have open all day, over HTTP with a session's cookie, one after the other on one connection: what
/// somebody waits for. Beside them a file of the pages from the same server, which needs no session and no template.
struct ConsolePages {
    let server: BenchServer
    let colleague: Colleague
    let people: Int

    func measure(_ report: inout Report) {
        guard let connection = Connection(port: server.port) else { return }
        var random = SeededRandom(seed: 23)
        let customers = server.customers()
        let bare = times(connection, 500) { "/static/icons.svg" }
        report.row("a file of the pages over HTTP, bare", figures(bare))
        row("Now", times(connection, 200) { "/now" }, bare, &report)
        row("Now's figures alone", times(connection, 200) { "/now/figures" }, bare, &report)
        row("list of \(customers) customers", times(connection, 200) { "/customers?sort=name" }, bare, &report)
        let lists = [
            "did=Order+Completed&sort=spent", "channel=web&sort=interactions", "orders_min=2&sort=orders&order=asc", "seen_within=30&sort=name",
        ]
        var turn = 0
        row(
            "the list, filtered and sorted",
            times(connection, 200) {
                turn += 1
                return "/customers?" + lists[turn % lists.count]
            }, bare, &report)
        row("a customer's page", times(connection, 1000) { "/customers/\(CustomerID(raw: UInt32(random.below(customers))))" }, bare, &report)
        row(
            "search as typed", times(connection, 300) { "/customers?search=" + "user-\(random.below(people))".prefix(6 + random.below(6)) }, bare,
            &report)
    }

    /// Seconds of each of so many requests, after one that is not counted.
    /// - Returns: as many, or fewer when some were not answered with 200 or a redirect.
    private func times(_ connection: Connection, _ n: Int, _ path: () -> String) -> [Double] {
        _ = connection.ask(colleague.get(path()))
        return (0..<n).compactMap { _ in
            let request = colleague.get(path())
            let began = seconds()
            // The page of somebody who was joined with another leads to the other's.
            guard (200..<400).contains(connection.ask(request)) else { return nil }
            return seconds() - began
        }
    }

    private func figures(_ samples: [Double]) -> String {
        "p50 \(milliseconds(percentile(samples, 0.5))), p99 \(milliseconds(percentile(samples, 0.99))), \(samples.count) answered"
    }

    private func row(_ what: String, _ samples: [Double], _ bare: [Double], _ report: inout Report) {
        report.row(
            "page over HTTP: " + what, "\(figures(samples)); \(number(percentile(samples, 0.5) / percentile(bare, 0.5), 1)) times the bare file")
    }
}
