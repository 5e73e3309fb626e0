/// The newest so many of the marks that it is offered, however many those are: a heap with the oldest on top.
struct NewestMarks {
    private let limit: Int
    private var heap: [Mark] = []

    /// - Parameter limit: 1 or more.
    init(limit: Int) {
        self.limit = limit
        heap.reserveCapacity(min(limit, 512))
    }

    /// Nothing from before this second can come in any more; 0 while there is room.
    var oldest: UInt32 { heap.count < limit ? 0 : heap[0].second }

    mutating func offer(_ mark: Mark) {
        if heap.count < limit {
            heap.append(mark)
            var i = heap.count - 1
            while i > 0, heap[(i - 1) / 2].isAfter(heap[i]) {
                heap.swapAt(i, (i - 1) / 2)
                i = (i - 1) / 2
            }
        } else if mark.isAfter(heap[0]) {
            heap[0] = mark
            var i = 0
            while true {
                var least = i
                for child in [2 * i + 1, 2 * i + 2] where child < heap.count && heap[least].isAfter(heap[child]) { least = child }
                if least == i { break }
                heap.swapAt(i, least)
                i = least
            }
        }
    }

    /// What was kept, newest first.
    consuming func sorted() -> [Mark] {
        sortNewestFirst(&heap)
        return heap
    }
}
