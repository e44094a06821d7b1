// SPDX-License-Identifier: MIT

/// `advance`: moves transactions along their life, each change checked against the status it starts from.
///
/// - Keys: `transaction_buffer`.
/// - Arguments: time, the same in ms, token or empty; then for each change its name, the id, and what
///   ``AdvanceArguments`` writes for it, ending in the held keys and the released records, each a list after its count.
/// - Answers an array, for each: how many were unparked, `"unknown"`, or the status that does not fit.
enum AdvanceScript {
    static let script = (
        flags: " flags=allow-oom",
        text: LuaState.text + LuaOverlay.text + LuaQueue.text + frame + attempts + others + run
    )

    private static let frame = #"""
        local time, milliseconds, token = ARGV[1], ARGV[2], ARGV[3]
        local confirmed = call('HGET', processor, 'token')
        local overlay = Overlay()
        local at, finished = 4, 0

        local function argument()
            at = at + 1
            return ARGV[at - 1]
        end

        local function list()
            local values = {}
            for position = 1, argument() do values[position] = argument() end
            return values
        end

        local function release(id, records)
            for _, record in ipairs(records) do
                if overlay.remove(record, id) then overlay.refold(record) end
            end
        end

        -- The claim of a transaction has its outcome.
        local function resolve(id, state)
            state.processing_at, state.claimed_at, state.token, state.status = state.claimed_at, nil, nil, nil
            call('ZREM', processing, id)
            count('processing', -1)
        end

        local function waitAgain(id, state, processedBefore)
            resolve(id, state)
            state.processing_at = processedBefore
            call('HDEL', processor, 'claimed_tail')
            save(id, state)
            count('pending', 1)
        end

        local function leaveBuffer(id, state)
            local text = body(id, state)
            dequeue(id, state, text)
            resolve(id, state)
            finished = finished + 1
            return text
        end

        """#

    /// From `processing`.
    private static let attempts = #"""
        local starts, changes = {}, {}

        starts.committed = 'processing'
        function changes.committed(id, state, values)
            local text = leaveBuffer(id, state)
            state.status, state.committed_at, state.position = 'committed', time, values[1]
            if values[3] ~= '' then state.generated = values[3] end
            save(id, state, text)
            call('ZADD', P .. 'replication_pending', values[2], id)
            count('committed', 1)
            count('bytes_unfinished', -state.bytes)
        end

        starts.returned = 'processing'
        function changes.returned(id, state)
            waitAgain(id, state, state.processing_at)
        end

        starts.retrying = 'processing'
        function changes.retrying(id, state, values, held)
            local text = leaveBuffer(id, state)
            state.status, state.attempts = 'retrying', tonumber(values[1])
            state.next_attempt_at, state.error = values[2], values[4]
            save(id, state, text)
            call('ZADD', P .. 'transaction_retry', values[3], id)
            hold(id, state, held)
            count('retrying', 1)
        end

        starts.dead = 'processing'
        function changes.dead(id, state, values, held, released)
            local text = leaveBuffer(id, state)
            state.status, state.attempts = 'dead_letter', (state.attempts or 0) + 1
            state.dead_at, state.error = time, values[1]
            save(id, state, text)
            call('ZADD', P .. 'transaction_dead_letter', milliseconds, id)
            hold(id, state, held)
            release(id, released)
            count('dead_letter', 1)
        end

        -- One that is resolved by now would never wake its follower: that one simply waits again.
        starts.parked = 'processing'
        function changes.parked(id, state, values, held)
            local other = values[1] ~= id and read(values[1])
            local isBlocked = other and (other.status == 'retrying' or other.status == 'dead_letter' or other.held_by)
            if not isBlocked then return waitAgain(id, state, state.processing_at) end
            local processedBefore = state.processing_at
            local text = leaveBuffer(id, state)
            state.processing_at, state.held_by = processedBefore, values[1]
            save(id, state, text)
            park(id, state, values[1])
            hold(id, state, held)
            count('pending', 1)
            count('parked', 1)
        end

        """#

    /// From elsewhere. Whatever the transaction blocked waits again.
    private static let others = #"""
        local function toBuffer(id, state)
            local text = body(id, state)
            if state.origin and not state.generated then
                text, state.origin = text .. state.origin, nil
            end
            state.status = nil
            save(id, state, text)
            count('pending', 1)
            local waiting = unblock(id)
            waiting[#waiting + 1] = {sequence = state.sequence, payload = payload(id, state, text)}
            enqueue(waiting)
            return #waiting - 1
        end

        local function finish(id, state, status, released)
            local blocker = state.held_by
            state.status, state.held_by = status, nil
            save(id, state)
            release(id, released)
            count(status, 1)
            count('bytes_unfinished', -state.bytes)
            local waiting = unblock(id, blocker, state.sequence)
            enqueue(waiting)
            return #waiting
        end

        starts.due = 'retrying'
        function changes.due(id, state)
            call('ZREM', P .. 'transaction_retry', id)
            count('retrying', -1)
            return toBuffer(id, state)
        end

        starts.requeued = 'dead_letter'
        function changes.requeued(id, state, values, held, previous, revised)
            call('ZREM', P .. 'transaction_dead_letter', id)
            count('dead_letter', -1)
            state.attempts, state.claims, state.dead_at = nil, nil, nil
            if values[1] ~= '' then
                local content = values[1]
                release(id, previous)
                for _, item in ipairs(revised) do
                    overlay.add(item.record, id, state.sequence, state.created_at, item.changes)
                end
                count('bytes_unfinished', #content - state.bytes)
                state.bytes, state.cut, state.origin = #content, tonumber(values[2]), nil
                if values[3] ~= '' then state.revised = values[3] end
                call('SET', P .. 'transaction:' .. id, content)
            end
            return toBuffer(id, state)
        end

        starts.reverted = 'committed'
        function changes.reverted(id, state)
            call('ZREM', P .. 'replication_pending', id)
            count('committed', -1)
            count('bytes_unfinished', state.bytes)
            state.attempts, state.claims, state.committed_at, state.position = nil, nil, nil, nil
            state.generated = nil
            return toBuffer(id, state)
        end

        starts.cancelled = 'pending'
        function changes.cancelled(id, state, values, held, released)
            if state.held_by then
                call('LREM', P .. 'parked:' .. state.held_by, 1, id)
                count('parked', -1)
            else
                dequeue(id, state)
            end
            count('pending', -1)
            return finish(id, state, 'cancelled', released)
        end

        starts.discarded = 'dead_letter'
        function changes.discarded(id, state, values, held, released)
            call('ZREM', P .. 'transaction_dead_letter', id)
            call('PEXPIRE', P .. 'dead_letter_raw:' .. id, STATUS_TTL)
            count('dead_letter', -1)
            return finish(id, state, 'discarded', released)
        end

        """#

    private static let run = #"""
        local function outcome(name, id, values, held, records, revised)
            local state = read(id)
            local isKnown = state and not (isTerminal(state) and call('EXISTS', P .. 'transaction:' .. id) == 0)
            if not isKnown then return 'unknown' end
            local status = state.status or 'pending'
            if status ~= starts[name] then return status end
            local isFenced = token ~= '' and (state.token ~= token or tonumber(token) < tonumber(confirmed or 0))
            if status == 'processing' and isFenced then return status end
            return changes[name](id, state, values, held, records, revised) or 0
        end

        local outcomes = {}
        while at <= #ARGV do
            local name, id, values, held, records = argument(), argument(), list(), list(), list()
            local revised
            if name == 'requeued' then revised, at = overlay.records(at) end
            outcomes[#outcomes + 1] = outcome(name, id, values, held, records, revised)
        end
        local tail = finished > 0 and call('HGET', processor, 'claimed_tail')
        if tail then call('HSET', processor, 'claimed_tail', math.max(0, tail - finished)) end
        writeCounts()
        return outcomes

        """#
}
