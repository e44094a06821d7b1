// SPDX-License-Identifier: MIT

/// `release`: the replicas have these transactions: their overlay entries go, their status has its last form.
///
/// - Keys: `transaction_buffer`.
/// - Arguments: time; then for each transaction the id, how many records, the records.
/// - Answers how many were committed and are replicated now.
///
/// Each record is folded once per call. One with more than `FOLD_MAX` changes left is not folded at all, or every
/// release of a long history would read all of it: until fewer are left, its views may still show what was released,
/// which is in the database by now.
enum ReleaseScript {
    static let script = (flags: " flags=allow-oom", text: LuaState.text + LuaOverlay.text + text)

    private static let text = #"""
        local overlay, dirty, released, at = Overlay(), {}, 0, 2
        while at <= #ARGV do
            local id, first = ARGV[at], at + 2
            at = first + ARGV[at + 1]
            local state = read(id)
            if state and state.status == 'committed' then
                state.status, state.replicated_at = 'replicated', ARGV[1]
                save(id, state)
                for position = first, at - 1 do
                    local record = ARGV[position]
                    dirty[record] = overlay.remove(record, id) or nil
                end
                call('ZREM', P .. 'replication_pending', id)
                released = released + 1
            end
        end
        for record in pairs(dirty) do
            if call('LLEN', P .. 'record_pending:' .. record) <= FOLD_MAX then overlay.refold(record) end
        end
        count('replicated', released)
        writeCounts()
        return released

        """#
}
