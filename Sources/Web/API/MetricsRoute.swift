import Delivery
import Hummingbird
import Kernel
import Ledger
import Pipeline

/// How the server is doing, in figures: `/metrics`.
struct MetricsRoute: Sendable {
    let services: Services

    var endpoint: Endpoint {
        Endpoint(
            .get, "/metrics", .read,
            about: .init(
                "Figures for Prometheus", tag: "Installation",
                description: """
                    The text format, version 0.0.4. Counters begin at 0 with each start of the server. No figure tells of a single person. \
                    By the Unix socket no token is needed.
                    """,
                answer: .init(200, "The figures", .init(type: "text/plain", schema: nil)))
        ) { _, _ in
            var out = Exposition()
            services.metrics.writeRequests(to: &out)
            Self.write(
                services, trouble: await Readiness(services: services).troubles(), quarantine: try await services.ledger.quarantineCount(),
                webhooksWaiting: try services.webhooks.waiting(), to: &out)
            ProcessFigures.now().write(to: &out)
            return Response(.ok, out.bytes, type: Exposition.type)
        }
    }

    private static func write(_ services: Services, trouble: [String], quarantine: Int, webhooksWaiting: Int, to out: inout Exposition) {
        let pipeline = services.pipeline.status
        func counter(_ name: String, _ value: some BinaryInteger, _ help: String) {
            out.family(name, .counter, help)
            out.sample(value)
        }
        func gauge(_ name: String, _ value: some BinaryInteger, _ help: String) {
            out.family(name, .gauge, help)
            out.sample(value)
        }
        counter("sightline_interactions_taken_total", services.metrics.taken.value, "Interactions that the tracking API wrote to the ledger.")
        counter("sightline_interactions_refused_total", services.metrics.refused.value, "Items that the tracking API refused.")
        counter("sightline_interactions_duplicate_total", pipeline.totals.duplicates, "Interactions dropped as a message id had come before.")
        out.family("sightline_pipeline_lag_seconds", .gauge, "How far the views are behind the ledger; 0 when they are up to date.")
        out.sample(Double(pipeline.lagMilliseconds) / 1000)
        gauge("sightline_queue_bytes", services.ledger.queuedBytes, "Bytes that wait to be written to the ledger.")
        gauge("sightline_ledger_position", pipeline.newest.raw, "Position of the newest record in the ledger.")
        gauge("sightline_concluded_position", pipeline.concluded.raw, "Position of the newest record in the views.")
        gauge("sightline_interactions", pipeline.interactions, "Interactions in customers' views.")
        gauge("sightline_customers", pipeline.people, "Customers, those who never said who they are among them.")
        gauge("sightline_quarantine_items", quarantine, "Refused items that are kept to be looked at.")
        let bytes = services.pipeline.bytesOnDisk
        out.family("sightline_database_bytes", .gauge, "Bytes on the disk: the ledger, the state that follows from it, the columns of the timeline.")
        for (name, count) in [("ledger", bytes.ledger), ("state", bytes.state), ("timeline", bytes.timeline)] {
            out.sample(count, labels: [("database", name)])
        }
        gauge("sightline_webhook_messages_waiting", webhooksWaiting, "Messages to webhooks that wait to be sent or tried again.")
        counter("sightline_webhook_messages_sent_total", services.webhooks.sent, "Messages that webhooks took.")
        counter("sightline_webhook_attempts_failed_total", services.webhooks.failed, "Attempts to send a message to a webhook that failed.")
        gauge("sightline_live_listeners", services.live.count, "Connections that watch what customers do.")
        gauge("sightline_ready", trouble.isEmpty ? 1 : 0, "1 when /ready says yes, else 0.")
        if let backups = services.operations.backupFigures {
            if let last = backups.lastSound {
                out.family(
                    "sightline_backup_last_success_timestamp_seconds", .gauge,
                    "When the newest backup was made that a test restore found sound, in seconds since 1970. Missing while there is none.")
                out.sample(Double(last.milliseconds) / 1000)
            }
            counter(
                "sightline_backup_failures_total", backups.failures,
                "Backups that could not be made, or that a test restore found damaged, since the server started.")
        }
        out.family("sightline_build_info", .gauge, "1; the labels say what runs.")
        out.sample(1, labels: [("version", services.version)])
    }
}
