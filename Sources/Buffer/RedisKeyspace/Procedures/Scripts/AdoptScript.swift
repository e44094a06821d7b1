// SPDX-License-Identifier: MIT

/// `adopt`: takes in an element that another program pushed to the buffer.
///
/// - Keys: `transaction_buffer`.
/// - Arguments: the element, `accepted` or `malformed`, time, the same in ms; id, payload, state and failure of the
///   dead letter that it becomes where it can be nothing else; and if it was accepted, a transaction as
///   ``AcceptScript`` has it.
/// - Answers `adopted`, `duplicate`, `conflict` or `gone`.
///
/// It is accepted now, so its sequence is the newest. It keeps its place where nothing else accepted stands before it,
/// and else moves to the head: the list stays in the order of the sequences.
enum AdoptScript {
    static let script = (
        flags: " flags=allow-oom", text: LuaState.text + LuaOverlay.text + LuaQueue.text + text
    )

    private static let text = #"""
        local raw, time, milliseconds = ARGV[1], ARGV[3], ARGV[4]
        local place = call('LPOS', buffer, raw, 'RANK', -1)
        -- One of ours is nothing to adopt, even if the same bytes stand there twice.
        if not place or own(raw) then return 'gone' end

        -- Counts a transaction that is new here, and gives it its sequence.
        local function admit(id, state)
            if call('EXISTS', P .. 'counters') == 0 then zeroCounters() end
            state.sequence = call('HINCRBY', P .. 'counters', 'accepted', 1)
            count('bytes_unfinished', state.bytes)
            call('ZADD', P .. 'transaction_recent', milliseconds, id)
        end

        local function bury(id, content, head, failure)
            call('LREM', buffer, -1, raw)
            if read(id) then return 'duplicate' end
            local state = cjson.decode(head .. '}')
            admit(id, state)
            state.status, state.dead_at, state.error = 'dead_letter', time, failure
            save(id, state, sub(content, 1, -2))
            call('SET', P .. 'dead_letter_raw:' .. id, raw)
            call('ZADD', P .. 'transaction_dead_letter', milliseconds, id)
            count('dead_letter', 1)
            return 'adopted'
        end

        local function enter(id, content, head)
            local state = cjson.decode(head .. '}')
            local known = read(id)
            if known then
                if known.hash ~= state.hash then
                    bury(ARGV[5], ARGV[6], ARGV[7], ARGV[8])
                    return 'conflict'
                end
                call('LREM', buffer, -1, raw)
                return 'duplicate'
            end
            local found = call('HMGET', P .. 'counters', 'pending', 'processing', 'parked')
            local ours = (found[1] or 0) + (found[2] or 0) - (found[3] or 0)
            if call('LLEN', buffer) - 1 - place == ours then
                call('LSET', buffer, place, content)
            else
                call('LREM', buffer, -1, raw)
                call('LPUSH', buffer, content)
            end
            admit(id, state)
            save(id, state, sub(content, 1, -2))
            local overlay = Overlay()
            for _, item in ipairs(overlay.records(15)) do
                overlay.add(item.record, id, state.sequence, time, item.changes)
            end
            count('pending', 1)
            return 'adopted'
        end

        local outcome
        if ARGV[2] == 'malformed' then
            outcome = bury(ARGV[5], ARGV[6], ARGV[7], ARGV[8])
        else
            outcome = enter(ARGV[10], ARGV[11], ARGV[12])
        end
        writeCounts()
        return outcome

        """#
}
