// SPDX-License-Identifier: MIT

/// `overlay`: a page of a model's pending changes, record by record, in the order of the encoded ids.
///
/// - Keys: `transaction_buffer`.
/// - Arguments: model as it stands in keys, most entries, most bytes, `(` and the encoded id to continue after, or empty, `1`
///   when only certain records are wanted, and those; `2` when only those that begin with `:`, which are few.
/// - Answers `[next, entries, transactions, newest]`: `next` is `(` and the id to continue after, or empty at the end; of an entry
///   `[encoded id, sequence, step id, row or ""]`, of a transaction `[sequence, id, status, payload]`; `newest` is
///   the last sequence of all.
///
/// The index is a set, and the order is that of bytes: ZUNION sorts a small one for each page; of a large one the first
/// page makes a copy in order, `overlay_order:{model}`, which expires.
enum OverlayScript {
    static let script = (flags: " flags=allow-oom", text: LuaState.text + text)

    private static let text = #"""
        local model, entriesMax, bytesMax, after = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), ARGV[4]
        local isFirstPage = after == ''
        local index, order = P .. 'buffered_index:' .. model, P .. 'overlay_order:' .. model
        local isChosen, isUnnamed = ARGV[5] == '1', ARGV[5] == '2'
        local isLarge = ARGV[5] == '0' and call('SCARD', index) > SORTED_MAX
        local entries, transactions, seen, bytes = {}, {}, {}, 0

        -- Adds a record to the page; answers false, and adds nothing, when it does not fit.
        local function add(id)
            local list, new, more = {}, {}, 0
            for _, entry in ipairs(call('LRANGE', P .. 'record_pending:' .. model .. ':' .. id, 0, -1)) do
                local transaction, step, rest = match(entry, '^{"transaction_id":"([^"]*)","step_id":"([^"]*)",(.*)$')
                local sequence = match(entry, ',"sequence":(%d+)}$')
                list[#list + 1] = {id, sequence, step, match(rest, '^"row":(%d+),') or ''}
                if not seen[sequence] and not new[sequence] then
                    local state = read(transaction)
                    new[sequence] = {sequence, transaction, state.status or 'pending', payload(transaction, state)}
                    more = more + state.bytes
                end
            end
            local fits = #entries + #list <= entriesMax and bytes + more <= bytesMax
            if #entries > 0 and #list > 0 and not fits then return false end
            for _, item in ipairs(list) do entries[#entries + 1] = item end
            for sequence, transaction in pairs(new) do
                seen[sequence] = true
                transactions[#transactions + 1] = transaction
            end
            bytes = bytes + more
            return true
        end

        -- Lua itself compares by locale.
        local function precedes(a, b)
            for position = 1, math.min(#a, #b) do
                local x, y = string.byte(a, position), string.byte(b, position)
                if x ~= y then return x < y end
            end
            return #a < #b
        end

        -- The ids that begin with a colon, each once: of the index as it is now, for the copy may be older than they.
        local function unnamed()
            local list, found, cursor = {}, {}, '0'
            repeat
                local reply = call('SSCAN', index, cursor, 'MATCH', ':*', 'COUNT', 1000)
                cursor = reply[1]
                for _, id in ipairs(reply[2]) do
                    if not found[id] and (isFirstPage or precedes(sub(after, 2), id)) then list[#list + 1] = id end
                    found[id] = true
                end
            until cursor == '0'
            table.sort(list, precedes)
            return list
        end

        -- The next ids to look at, after `last`; those chosen stand among the arguments from `first` on.
        local function candidates(last, first)
            if isChosen then return {unpack(ARGV, first, math.min(first + 999, #ARGV))} end
            if isLarge then
                return call('ZRANGEBYLEX', order, last == '' and '-' or last, '+', 'LIMIT', 0, 1000)
            end
            if isUnnamed then return first == 6 and unnamed() or {} end
            local list = {}
            for _, id in ipairs(first == 6 and call('ZUNION', 1, index) or {}) do
                if isFirstPage or precedes(sub(after, 2), id) then list[#list + 1] = id end
            end
            return list
        end

        if isLarge and (isFirstPage or call('EXISTS', order) == 0) then
            call('ZUNIONSTORE', order, 1, index)
            call('PEXPIRE', order, 60000)
        end
        local first, last, next = 6, after, ''
        local ids = candidates(last, first)
        while #ids > 0 and next == '' do
            for _, id in ipairs(ids) do
                if not add(id) then
                    next = '(' .. entries[#entries][1]
                    break
                end
                last = '(' .. id
            end
            first = first + 1000
            if next == '' then ids = candidates(last, first) end
        end
        return {next, entries, transactions, call('HGET', P .. 'counters', 'accepted') or '0'}

        """#
}
