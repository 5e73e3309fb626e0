import CCurl
import Synchronization

/// Several requests at once, on the one thread that made it. Connections are kept open between requests to the same place.
package final class CurlMulti {
    /// Called once for each request, whatever becomes of it.
    package typealias Done = (Result<CurlAnswer, CurlProblem>) -> Void

    private let raw: UnsafeMutableRawPointer
    private let bell: CurlBell
    private var running: [UnsafeMutableRawPointer: (handle: CurlHandle, done: Done)] = [:]

    /// Makes one with nothing under way. Without memory for it the program ends: nothing could go on then.
    /// - Parameter bell: Rings it awake from other threads.
    package init(_ bell: CurlBell) {
        _ = CurlHandle.ready
        guard let made = curl_multi_init() else { preconditionFailure("no memory for an HTTP client") }
        raw = made
        self.bell = bell
        bell.hang(on: made)
    }

    deinit {
        bell.take(from: raw)
        cancel()
        curl_multi_cleanup(raw)
    }

    /// Gives up everything that is under way: each ends with ``CurlProblem/cancelled``, so that nobody waits for an answer for ever.
    package func cancel() {
        let given = running
        running = [:]
        for (easy, _) in given { curl_multi_remove_handle(raw, easy) }
        for (_, done) in given.values { done(.failure(.cancelled)) }
    }

    /// How many requests are under way.
    package var count: Int { running.count }

    /// Begins a request.
    /// - Parameter done: Called on this thread: from ``wait(atMost:)``, ``cancel()``, the end of this object, or here when it cannot begin.
    package func begin(_ request: CurlRequest, _ done: @escaping Done) {
        let handle = CurlHandle()
        handle.prepare(request)
        let code = curl_multi_add_handle(raw, handle.raw)
        guard code == CURLM_OK else { return done(.failure(.broken(String(cString: curl_multi_strerror(code))))) }
        running[handle.raw] = (handle, done)
    }

    /// Goes on with what is under way until some of it is done, the bell rings, or the time is over.
    package func wait(atMost milliseconds: Int) {
        if advance() { return }
        curl_multi_poll(raw, nil, 0, Int32(clamping: max(0, milliseconds)), nil)
        _ = advance()
    }

    /// True when something is done.
    private func advance() -> Bool {
        var left: Int32 = 0
        curl_multi_perform(raw, &left)
        var ended: [(done: Done, result: Result<CurlAnswer, CurlProblem>)] = []
        var more: Int32 = 0
        while let message = curl_multi_info_read(raw, &more) {
            guard message.pointee.msg == CURLMSG_DONE, let easy = message.pointee.easy_handle else { continue }
            let code = message.pointee.data.result
            guard let (handle, done) = running.removeValue(forKey: easy) else { continue }
            curl_multi_remove_handle(raw, easy)
            ended.append((done, Result { () throws(CurlProblem) in try handle.conclude(code) }))
        }
        for (done, result) in ended { done(result) }
        return !ended.isEmpty
    }
}

/// Wakes a ``CurlMulti`` that waits, from any thread.
package final class CurlBell: Sendable {
    /// The place of the multi handle, as a number: pointers are no values that threads may share.
    private let place = Mutex<UInt?>(nil)

    /// A bell that wakes nobody until a ``CurlMulti`` is made with it.
    package init() {}

    /// Ends the wait that is under way, or the next one. Nothing happens when there is nobody to wake.
    package func ring() {
        // Within the lock, so that the handle is not gone meanwhile; libcurl allows this one call from any thread.
        place.withLock { place in
            if let multi = place.flatMap(UnsafeMutableRawPointer.init(bitPattern:)) { curl_multi_wakeup(multi) }
        }
    }

    fileprivate func hang(on multi: UnsafeMutableRawPointer) { place.withLock { $0 = UInt(bitPattern: multi) } }
    fileprivate func take(from multi: UnsafeMutableRawPointer) {
        place.withLock { if $0 == UInt(bitPattern: multi) { $0 = nil } }
    }
}
