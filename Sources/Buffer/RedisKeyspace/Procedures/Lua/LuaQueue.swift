// SPDX-License-Identifier: MIT

/// Lua: the buffer as a queue, what was claimed from it, and what blocked transactions hold.
///
/// - `processing`: zset of the claimed ids by token. `processor`: hash with `token`, the highest that was confirmed,
///   and `claimed_tail`, how many elements at the tail are known to be claimed, so that a claim need not look at them
///   again.
/// - `holders:{conflict key}`: zset by sequence of those that hold the key; `held_keys:{id}`: set of what one holds.
enum LuaQueue {
    static let text = queue + blocks

    private static let queue = #"""
        local buffer, processing, processor = P .. 'transaction_buffer', P .. 'processing', P .. 'processor'

        -- Whose element it is, when it is one of ours that waits or is processed: id, state, body.
        local function own(element)
            local id = match(element, '^{"format":1,"transaction_id":"([%w._~-]+)"')
            local state = id and read(id)
            if not state or state.held_by or #element ~= state.bytes then return end
            if state.status and state.status ~= 'processing' then return end
            local text = body(id, state)
            if text == sub(element, 1, -2) then return id, state, text end
        end

        -- Puts transactions, each {sequence, payload}, into the list where their sequence belongs.
        local function enqueue(list)
            if #list == 0 then return end
            call('HDEL', processor, 'claimed_tail')
            table.sort(list, function(a, b) return a.sequence > b.sequence end)
            local older, isDone = {}, false
            repeat
                local chunk = call('LRANGE', buffer, -(#older + 16), -(#older + 1))
                for position = #chunk, 1, -1 do
                    local _, state = own(chunk[position])
                    if not state or state.sequence > list[1].sequence then
                        isDone = true
                        break
                    end
                    older[#older + 1] = {sequence = state.sequence, payload = chunk[position]}
                end
            until isDone or #chunk < 16
            if #older > 0 then call('LTRIM', buffer, 0, -(#older + 1)) end
            local merged, next = {}, #older
            for _, item in ipairs(list) do
                while next > 0 and older[next].sequence > item.sequence do
                    merged[#merged + 1], next = older[next].payload, next - 1
                end
                merged[#merged + 1] = item.payload
            end
            for position = next, 1, -1 do merged[#merged + 1] = older[position].payload end
            push('RPUSH', buffer, merged)
        end

        local function dequeue(id, state, text)
            call('LREM', buffer, -1, payload(id, state, text))
        end

        """#

    private static let blocks = #"""
        local function showHolder(key)
            local first = call('ZRANGE', P .. 'holders:' .. key, 0, 0)[1]
            if not first then return call('HDEL', P .. 'held_records', key) end
            local state = read(first)
            call('HSET', P .. 'held_records', key, state and state.held_by or first)
        end

        local function hold(id, state, keys)
            for _, key in ipairs(keys) do
                call('SADD', P .. 'held_keys:' .. id, key)
                call('ZADD', P .. 'holders:' .. key, format('%d', state.sequence), id)
                showHolder(key)
            end
        end

        local function free(id)
            for _, key in ipairs(call('SMEMBERS', P .. 'held_keys:' .. id)) do
                call('ZREM', P .. 'holders:' .. key, id)
                showHolder(key)
            end
            call('DEL', P .. 'held_keys:' .. id)
        end

        local function park(id, state, blocker)
            local key, list = P .. 'parked:' .. blocker, {}
            local last = call('LINDEX', key, -1)
            while last do
                local other = read(last)
                if not other or other.sequence < state.sequence then break end
                list[#list + 1] = call('RPOP', key)
                last = call('LINDEX', key, -1)
            end
            call('RPUSH', key, id)
            for position = #list, 1, -1 do call('RPUSH', key, list[position]) end
        end

        -- A transaction no longer blocks: those parked behind it wait again, and those behind them. Answers them.
        -- One that was parked itself, behind `blocker`, may be why later ones were parked there: they wait again too.
        local function unblock(id, blocker, sequence)
            local freed, waiting, next = {id}, {}, 1

            -- Those parked behind `holder` that were accepted after `since`.
            local function wake(holder, since)
                local key, kept = P .. 'parked:' .. holder, {}
                local all = call('LRANGE', key, 0, -1)
                for _, follower in ipairs(all) do
                    local state = read(follower)
                    if state and state.held_by == holder and state.sequence > since then
                        local text = body(follower, state)
                        state.held_by = nil
                        save(follower, state, text)
                        count('parked', -1)
                        waiting[#waiting + 1] = {sequence = state.sequence, payload = payload(follower, state, text)}
                        freed[#freed + 1] = follower
                    elseif since > 0 then
                        kept[#kept + 1] = follower
                    end
                end
                if #kept < #all then
                    call('DEL', key)
                    push('RPUSH', key, kept)
                end
            end

            if blocker then wake(blocker, sequence) end
            while freed[next] do
                free(freed[next])
                wake(freed[next], 0)
                next = next + 1
            end
            return waiting
        end

        """#
}
