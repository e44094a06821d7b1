// SPDX-License-Identifier: MIT

/// Lua: the pending changes of a record, and the views that are folded from them.
///
/// An element of `record_pending` ends in its sequence and carries the changed columns as raw JSON, so that a fold
/// takes texts apart and joins them again, and no number is ever read. Where a fold starts is read from its own views:
/// `buffered` has the columns in order, `cache:ids` says that a transaction made the record.
enum LuaOverlay {
    static let text = fold + changes

    private static let fold = #"""
        local function Overlay()
            local find, byte, sub, match = string.find, string.byte, string.sub, string.match

            local function stringEnd(text, at)
                while true do
                    at = find(text, '["\\]', at + 1)
                    if byte(text, at) == 34 then return at end
                    at = at + 1
                end
            end

            local function valueEnd(text, at)
                local first = byte(text, at)
                if first == 34 then return stringEnd(text, at) end
                if first ~= 123 and first ~= 91 then return find(text, '[,}%s]', at) - 1 end
                local depth = 0
                while true do
                    at = find(text, '["{}%[%]]', at)
                    local found = byte(text, at)
                    if found == 34 then
                        at = stringEnd(text, at)
                    elseif found == 123 or found == 91 then
                        depth = depth + 1
                    else
                        depth = depth - 1
                        if depth == 0 then return at end
                    end
                    at = at + 1
                end
            end

            -- Calls back with the name, in its quotes, and the value of each member of an object's text.
            local function members(text, each)
                local at = find(text, '"', 1, true)
                while at do
                    local nameEnd = stringEnd(text, at)
                    local value = find(text, '[^%s:]', nameEnd + 1)
                    local last = valueEnd(text, value)
                    each(sub(text, at, nameEnd), sub(text, value, last))
                    at = find(text, '"', last + 1, true)
                end
            end

            -- An integer as two halves, either of which a double holds exactly.
            local function halves(text)
                local sign, digits = match(text, '^(-?)(%d+)$')
                if not digits or #digits > 19 then return end
                local factor = sign == '-' and -1 or 1
                return factor * (tonumber(sub(digits, 1, -10)) or 0), factor * tonumber(sub(digits, -9))
            end

            local function double(value)
                -- What SQLite does on storing: an integral double of moderate size becomes an integer.
                if value == math.floor(value) and math.abs(value) < 2 ^ 63 then return format('%.0f', value) end
                for digits = 15, 17 do
                    local text = format('%.' .. digits .. 'g', value)
                    if tonumber(text) == value then return text end
                end
            end

            -- The sum of two numbers' texts; nil when one is none.
            local function sum(a, b)
                if a == 'null' then return a end
                local aHigh, aLow = halves(a)
                local bHigh, bLow = halves(b)
                if aHigh and bHigh then
                    local high, low = aHigh + bHigh, aLow + bLow
                    local carry = math.floor(low / 1e9)
                    high, low = high + carry, low - carry * 1e9
                    if high < 0 and low > 0 then high, low = high + 1, low - 1e9 end
                    local text = low < 0 and '-' or ''
                    if high ~= 0 then
                        text = (high < 0 and '-' or '') .. format('%.0f%09.0f', math.abs(high), math.abs(low))
                    else
                        text = text .. format('%.0f', math.abs(low))
                    end
                    local limit = sub(text, 1, 1) == '-' and '-9223372036854775808' or '9223372036854775807'
                    if #text < #limit or #text == #limit and text <= limit then return text end
                end
                local x, y = tonumber(a), tonumber(b)
                if not x or not y or math.abs(x + y) == math.huge then return end
                return double(x + y)
            end

            local function newFold()
                return {names = {}, values = {}, isAbsent = true, isCreated = false}
            end

            local function merge(fold, data)
                members(data, function(name, value)
                    if not fold.values[name] then fold.names[#fold.names + 1] = name end
                    fold.values[name] = value
                end)
            end

            local function apply(fold, operation, data)
                if operation == 'create' or operation == 'bulk_create' or operation == 'delete' then
                    fold.names, fold.values = {}, {}
                end
                if operation == 'delete' then
                    fold.isAbsent, fold.isCreated = true, false
                    return
                end
                if operation == 'increment' then
                    members(data, function(name, delta)
                        local value = fold.values[name] and sum(fold.values[name], delta)
                        if value then fold.values[name] = value end
                    end)
                else
                    merge(fold, data)
                end
                fold.isAbsent = false
                if operation == 'create' or operation == 'bulk_create' or operation == 'upsert' then
                    fold.isCreated = true
                end
            end

            -- The fold as the views have it.
            local function shown(record)
                local fold = newFold()
                local text = call('GET', P .. 'buffered:' .. record)
                if text then
                    merge(fold, text)
                    fold.isAbsent = false
                    fold.isCreated = call('EXISTS', P .. 'cache:ids:' .. record) == 1
                end
                return fold
            end

            local function show(record, fold)
                local buffered, cached = P .. 'buffered:' .. record, P .. 'cache:ids:' .. record
                local columns = P .. 'read_buffer:' .. record
                if fold.isAbsent then return call('DEL', buffered, cached, columns) end
                local texts, fields = {}, {}
                for index, name in ipairs(fold.names) do
                    local value = fold.values[name]
                    texts[index] = name .. ':' .. value
                    local isPlain = not find(name, '\\', 1, true)
                    fields[#fields + 1] = isPlain and sub(name, 2, -2) or cjson.decode('[' .. name .. ']')[1]
                    fields[#fields + 1] = value
                end
                local text = '{' .. table.concat(texts, ',') .. '}'
                call('SET', buffered, text)
                if fold.isCreated then call('SET', cached, text) else call('DEL', cached) end
                call('DEL', columns)
                push('HSET', columns, fields)
            end

        """#

    private static let changes = #"""
            local function sequenceOf(entry)
                return tonumber(match(entry, ',"sequence":(%d+)}$'))
            end

            local entryPattern = '^{"transaction_id":"[^"]*","step_id":"[^"]*",.-"operation":"([%w_]+)",'
                .. '"changes":(.*),"sequence":%d+}$'

            local function refold(record)
                local fold = newFold()
                for _, entry in ipairs(call('LRANGE', P .. 'record_pending:' .. record, 0, -1)) do
                    apply(fold, match(entry, entryPattern))
                end
                show(record, fold)
            end

            local function index(record)
                local colon = find(record, ':', 1, true)
                return P .. 'buffered_index:' .. sub(record, 1, colon - 1), sub(record, colon + 1)
            end

            -- Applies one more change to the views.
            local function change(record, operation, data)
                local fold = shown(record)
                apply(fold, operation, data)
                show(record, fold)
            end

            -- Adds a transaction's changes of one record, each {step, row, operation, data}, in its place in the order.
            local function add(record, id, sequence, at, changes)
                local key = P .. 'record_pending:' .. record
                local entries, updates, ending = {}, {}, format(',"sequence":%d}', sequence)
                for position, item in ipairs(changes) do
                    local head = '"transaction_id":"' .. id .. '","step_id":"' .. item[1] .. '",'
                    local tail = '"operation":"' .. item[3] .. '","changes":' .. item[4]
                    entries[position] = '{' .. head .. item[2] .. tail .. ending
                    updates[position] = '{"at":"' .. at .. '",' .. head .. tail .. '}'
                end
                local last = call('LINDEX', key, -1)
                if last and sequenceOf(last) > sequence then
                    local later, laterUpdates = {}, {}
                    repeat
                        table.insert(later, 1, call('RPOP', key))
                        table.insert(laterUpdates, 1, call('RPOP', P .. 'read_buffer:' .. record .. ':updates'))
                        last = call('LINDEX', key, -1)
                    until not last or sequenceOf(last) < sequence
                    for _, entry in ipairs(later) do entries[#entries + 1] = entry end
                    for _, update in ipairs(laterUpdates) do updates[#updates + 1] = update end
                    push('RPUSH', key, entries)
                    refold(record)
                else
                    push('RPUSH', key, entries)
                    local fold = shown(record)
                    for _, item in ipairs(changes) do apply(fold, item[3], item[4]) end
                    show(record, fold)
                end
                push('RPUSH', P .. 'read_buffer:' .. record .. ':updates', updates)
                call('SADD', index(record))
                call('SADD', P .. 'read_buffer:transaction:' .. id .. ':affected_records', record)
            end

            -- Takes a transaction's changes of a record away. Answers whether the views are to be folded anew.
            local function remove(record, id)
                local key, updates = P .. 'record_pending:' .. record, P .. 'read_buffer:' .. record .. ':updates'
                local head = '{"transaction_id":"' .. id .. '"'
                local removed = 0
                call('SREM', P .. 'read_buffer:transaction:' .. id .. ':affected_records', record)
                while true do
                    local first = call('LINDEX', key, 0)
                    if not first or sub(first, 1, #head) ~= head then break end
                    call('LPOP', key)
                    call('LPOP', updates)
                    removed = removed + 1
                end
                if removed == 0 then
                    for position, entry in ipairs(call('LRANGE', key, 0, -1)) do
                        if sub(entry, 1, #head) == head then
                            call('LREM', updates, 1, call('LINDEX', updates, position - 1 - removed))
                            call('LREM', key, 1, entry)
                            removed = removed + 1
                        end
                    end
                end
                if removed == 0 then return false end
                if call('EXISTS', key) == 1 then return true end
                call('DEL', P .. 'buffered:' .. record, P .. 'cache:ids:' .. record, P .. 'read_buffer:' .. record)
                call('SREM', index(record))
                return false
            end

            -- The records of one transaction among the arguments, from `at` on, and where they end.
            local function records(at)
                local list, total = {}, tonumber(ARGV[at])
                at = at + 1
                for number = 1, total do
                    local item = {record = ARGV[at], changes = {}}
                    local changes = tonumber(ARGV[at + 1])
                    at = at + 2
                    for position = 1, changes do
                        item.changes[position] = {ARGV[at], ARGV[at + 1], ARGV[at + 2], ARGV[at + 3]}
                        at = at + 4
                    end
                    if changes == 1 then at = at + 1 + tonumber(ARGV[at]) end
                    list[number] = item
                end
                return list, at
            end

            return {add = add, change = change, remove = remove, refold = refold, records = records}
        end

        """#
}
