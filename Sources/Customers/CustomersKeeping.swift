package import Logging

extension Customers {
    /// Milliseconds between two batches of comparing, so that nothing else waits long, and seconds between two looks.
    private static let pause = 20
    private static let idle = 1

    /// Does what is not done while somebody waits, until the task is cancelled: finishes erasures that a crash cut short,
    /// and compares customers who said something new.
    package func run(_ logger: Logger) async {
        while !Task.isCancelled {
            do {
                try await finishErasures()
                while try compareSome() { try await Task.sleep(for: .milliseconds(Self.pause)) }
                try await Task.sleep(for: .seconds(Self.idle))
            } catch is CancellationError {
                return
            } catch {
                // A full disk, for one: what is to be done stays noted.
                logger.warning("erasing or comparing customers did not work, and is tried again", metadata: ["reason": "\(error)"])
                try? await Task.sleep(for: .seconds(30))
            }
        }
    }
}
