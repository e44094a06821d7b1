// SPDX-License-Identifier: MIT

/// `claim`: takes the oldest waiting transactions without removing them.
///
/// - Keys: `transaction_buffer`.
/// - Arguments: token, most transactions, most bytes, claims that make a suspect, time.
/// - Answers `[claimed, foreign]`: of each claimed `[id, sequence, payload, hash, attempts, claims]`; of the foreign
///   ones at which it stopped their bytes.
///
/// A token below the confirmed one gets nothing. One above that of open claims says that their holder is gone: what it
/// left without outcome waits again, and is counted.
enum ClaimScript {
    static let script = (flags: " flags=allow-oom", text: LuaState.text + LuaQueue.text + text)

    private static let text = #"""
        local token, countMax, bytesMax = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
        local suspectClaims, time = tonumber(ARGV[4]), ARGV[5]
        if token < tonumber(call('HGET', processor, 'token') or 0) then return {{}, {}} end

        local function abandon()
            local left = call('ZRANGEBYSCORE', processing, '-inf', '(' .. ARGV[1])
            for _, id in ipairs(left) do
                local state = read(id)
                if state and state.status == 'processing' then
                    state.status, state.claimed_at, state.token = nil, nil, nil
                    state.claims = (state.claims or 0) + 1
                    save(id, state)
                    count('processing', -1)
                    count('pending', 1)
                end
                call('ZREM', processing, id)
            end
            if #left > 0 then call('HDEL', processor, 'claimed_tail') end
        end

        abandon()
        local passed = math.min(tonumber(call('HGET', processor, 'claimed_tail') or 0), call('ZCARD', processing))
        local claimed, foreign, scores, bytes, foreignBytes, tail = {}, {}, {}, 0, 0, passed
        local endsHere, isDone = false, false

        -- Answers whether to go on.
        local function visit(element)
            local id, state, text = own(element)
            if not id then
                foreign[#foreign + 1] = element
                foreignBytes = foreignBytes + #element
                return #foreign < FOREIGN_MAX and foreignBytes < bytesMax
            end
            if #foreign > 0 then return false end
            tail = tail + 1
            if state.status == 'processing' then return true end
            bytes = bytes + state.bytes
            local isSuspect = (state.claims or 0) >= suspectClaims
            if #claimed >= countMax or endsHere or #claimed > 0 and (bytes > bytesMax or isSuspect) then
                tail = tail - 1
                return false
            end
            endsHere = isSuspect
            state.status, state.token, state.claimed_at = 'processing', ARGV[1], time
            save(id, state, text)
            claimed[#claimed + 1] = {id, state.sequence, element, state.hash, state.attempts or 0, state.claims or 0}
            scores[#scores + 1] = ARGV[1]
            scores[#scores + 1] = id
            return true
        end

        repeat
            local chunk = call('LRANGE', buffer, -(passed + 64), -(passed + 1))
            passed = passed + #chunk
            for position = #chunk, 1, -1 do
                if not visit(chunk[position]) then
                    isDone = true
                    break
                end
            end
        until isDone or #chunk < 64
        push('ZADD', processing, scores)
        if #claimed > 0 then call('HSET', processor, 'claimed_tail', tail) end
        count('processing', #claimed)
        count('pending', -#claimed)
        writeCounts()
        return {claimed, foreign}

        """#
}
