// SPDX-License-Identifier: MIT

/// `accept`: one transaction or several, each checked and then written on its own.
///
/// - Keys: `transaction_buffer`.
/// - Arguments, for each transaction: how many arguments follow, id, payload, state without its closing
///   `,"sequence":n}`, time of acceptance, the same in ms, then its records (``ProcedureArguments``).
/// - Answers an array, for each: 1 accepted, 2 conflict, 3 full, or for a duplicate `[status, generated ids or ""]`.
///
/// This is the path that must be cheap. Every byte that becomes a Lua string is hashed, and every command has its
/// price; so a first change of a record is written from what the arguments contain, and the strings of all transactions
/// in one MSET. What remains is what the documented keys cost: a transaction of one record makes eight keys in eleven
/// writes, where a client's own MULTI, LPUSH, 3 SETEX, EXEC makes three in four. Measured, it takes the server 2.6 to 3
/// times as long, in calls of sixteen 2.1 to 2.3 times. Without `allow-oom` a full Redis refuses it before it starts.
enum AcceptScript {
    static let script = (flags: "", text: LuaState.counters + LuaOverlay.text + text)

    private static let text = #"""
        local buffer, counters = KEYS[1], P .. 'counters'
        local found = call('HMGET', counters, 'accepted', 'pending', 'processing', 'retrying', 'dead_letter',
            'bytes_unfinished')
        local sequence, pending, bytes = (found[1] or 0) + 0, (found[2] or 0) + 0, (found[6] or 0) + 0
        local others, before = (found[3] or 0) + (found[4] or 0) + (found[5] or 0), sequence
        local pushed, strings, recent, written, outcomes = {}, {}, {}, {}, {}
        local overlay

        local function writeStrings()
            if #strings > 0 then call('MSET', unpack(strings)) end
            strings = {}
        end

        local function known(text, new)
            local state = cjson.decode(text)
            if state.hash ~= cjson.decode(new .. '}').hash then return 2 end
            return {state.status or 'pending', state.generated or state.revised or ''}
        end

        local at, last = 1, #ARGV
        while at < last do
            local next, id, content, new = at + 1 + ARGV[at], ARGV[at + 1], ARGV[at + 2], ARGV[at + 3]
            local stateKey = P .. 'transaction_state:' .. id
            local old = written[id] or call('GET', stateKey)
            if old then
                outcomes[#outcomes + 1] = known(old, new)
            elseif pending + others >= TRANSACTIONS_MAX or bytes + #content > BYTES_MAX then
                outcomes[#outcomes + 1] = 3
            else
                local time = ARGV[at + 4]
                sequence, pending, bytes = sequence + 1, pending + 1, bytes + #content
                local ending = ',"sequence":' .. format('%d', sequence)
                local state = new .. ending .. '}'
                written[id] = state
                pushed[#pushed + 1] = content
                recent[#recent + 1] = ARGV[at + 5]
                recent[#recent + 1] = id
                local n = #strings
                strings[n + 1], strings[n + 2], strings[n + 3] = stateKey, state, P .. 'transaction:' .. id
                strings[n + 4] = sub(content, 1, -2) .. ending
                    .. ',"status":"pending","attempts":0,"created_at":"' .. time .. '"}'
                local total = ARGV[at + 6] + 0
                at = at + 7
                local affected = {}
                for number = 1, total do
                    local record, changes = ARGV[at], ARGV[at + 1]
                    affected[number] = record
                    if changes == '1' then
                        local operation, data, fields = ARGV[at + 4], ARGV[at + 5], ARGV[at + 6] + 0
                        local head = '"transaction_id":"' .. id .. '","step_id":"' .. ARGV[at + 2] .. '",'
                        local middle = '"operation":"' .. operation .. '","changes":'
                        local length = call('RPUSH', P .. 'record_pending:' .. record,
                            '{' .. head .. ARGV[at + 3] .. middle .. data .. ending .. '}')
                        call('RPUSH', P .. 'read_buffer:' .. record .. ':updates',
                            '{"at":"' .. time .. '",' .. head .. middle .. data .. '}')
                        if length == 1 then
                            if operation ~= 'delete' then
                                n = #strings
                                strings[n + 1] = P .. 'buffered:' .. record
                                strings[n + 2] = operation == 'increment' and '{}' or data
                                if operation == 'create' or operation == 'bulk_create' or operation == 'upsert' then
                                    strings[n + 3], strings[n + 4] = P .. 'cache:ids:' .. record, data
                                end
                                for from = at + 7, at + 6 + fields, 1000 do
                                    call('HSET', P .. 'read_buffer:' .. record,
                                        unpack(ARGV, from, math.min(from + 999, at + 6 + fields)))
                                end
                            end
                            local colon = string.find(record, ':', 1, true)
                            call('SADD', P .. 'buffered_index:' .. sub(record, 1, colon - 1), sub(record, colon + 1))
                        else
                            overlay = overlay or Overlay()
                            writeStrings()
                            overlay.change(record, operation, data)
                        end
                        at = at + 7 + fields
                    else
                        overlay = overlay or Overlay()
                        writeStrings()
                        local list = {}
                        at = at + 2
                        for position = 1, changes do
                            list[position] = {ARGV[at], ARGV[at + 1], ARGV[at + 2], ARGV[at + 3]}
                            at = at + 4
                        end
                        overlay.add(record, id, sequence, time, list)
                    end
                    if #strings > 2000 then writeStrings() end
                end
                if total > 0 then
                    push('SADD', P .. 'read_buffer:transaction:' .. id .. ':affected_records', affected)
                end
                outcomes[#outcomes + 1] = 1
            end
            at = next
        end
        if sequence > before then
            writeStrings()
            push('LPUSH', buffer, pushed)
            push('ZADD', P .. 'transaction_recent', recent)
            if sequence % 128 < sequence - before then
                call('ZREMRANGEBYRANK', P .. 'transaction_recent', 0, -RECENT_MAX - 1)
            end
            if not found[1] then zeroCounters() end
            call('HSET', counters, 'accepted', format('%d', sequence), 'pending', format('%d', pending),
                'bytes_unfinished', format('%d', bytes))
        end
        return outcomes

        """#
}
