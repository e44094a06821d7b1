// SPDX-License-Identifier: MIT

/// Lua: what is known of a transaction, and how its status record is written from it.
///
/// `transaction_state:{id}` is JSON: `hash` (of the content), `bytes` (of the payload), `sequence`, `created_at`; and
/// where they differ from the beginning `status` (absent: pending), `attempts`, `claims` (without outcome), `token`,
/// `claimed_at`, `processing_at`, `next_attempt_at`, `error`, `generated`, `revised` (the payload's `generated_ids` since
/// an operator changed it: a repeat is answered with them), `position`, `held_by`, `committed_at`, `replicated_at`,
/// `dead_at`. No value of a client ever goes through `cjson`, which would round large numbers: payloads and ids are
/// spliced as the bytes they are.
///
/// The status record is the payload without its closing brace, and the members that change. When the database assigned
/// ids, the payload's own `generated_ids`, its last member from offset `cut` on, is left out and kept as `origin`.
enum LuaState {
    static let text = counters + states

    /// What also the one script needs that changes no state.
    static let counters = #"""
        local call, sub, match, format = redis.call, string.sub, string.match, string.format

        -- Commands take a bounded number of arguments from a table.
        local function push(command, key, values)
            for first = 1, #values, 1000 do
                call(command, key, unpack(values, first, math.min(first + 999, #values)))
            end
        end

        local function zeroCounters()
            call('HSET', P .. 'counters', 'accepted', 0, 'pending', 0, 'parked', 0, 'processing', 0, 'retrying', 0,
                'committed', 0, 'replicated', 0, 'dead_letter', 0, 'cancelled', 0, 'discarded', 0,
                'bytes_unfinished', 0)
        end

        """#

    private static let states = #"""
        local function read(id)
            local text = call('GET', P .. 'transaction_state:' .. id)
            return text and cjson.decode(text)
        end

        -- The part of the record that does not change.
        local function body(id, state)
            local last = (state.origin and state.cut or state.bytes - 1) - 1
            return call('GETRANGE', P .. 'transaction:' .. id, 0, last)
        end

        local function payload(id, state, text)
            return (text or body(id, state)) .. (state.origin or '') .. '}'
        end

        local function isTerminal(state)
            local status = state.status
            return status == 'replicated' or status == 'cancelled' or status == 'discarded'
        end

        -- Writes the state and the record made from it. `text` is the record's body where it is at hand.
        local function save(id, state, text)
            text = text or body(id, state)
            if state.generated and state.cut and not state.origin then
                state.origin, text = sub(text, state.cut + 1), sub(text, 1, state.cut)
            end
            local parts = {text, ',"sequence":', format('%d', state.sequence), ',"status":"', state.status or 'pending',
                '","attempts":', format('%d', state.attempts or 0)}
            local function member(name, value, quote)
                if not value then return end
                parts[#parts + 1] = ',"' .. name .. '":' .. quote .. value .. quote
            end
            if state.status == 'retrying' then member('next_attempt_at', state.next_attempt_at, '"') end
            member('last_error', state.error, '')
            member('generated_ids', state.generated, '')
            for _, name in ipairs({'position', 'held_by', 'created_at'}) do member(name, state[name], '"') end
            member('processing_at', state.claimed_at or state.processing_at, '"')
            for _, name in ipairs({'committed_at', 'replicated_at', 'dead_at'}) do member(name, state[name], '"') end
            parts[#parts + 1] = '}'
            local record = table.concat(parts)
            if isTerminal(state) then
                call('SET', P .. 'transaction:' .. id, record, 'PX', STATUS_TTL)
                local rest = {hash = state.hash, status = state.status, generated = state.generated or state.revised}
                call('SET', P .. 'transaction_state:' .. id, cjson.encode(rest), 'PX', MEMORY_TTL)
            else
                call('SET', P .. 'transaction:' .. id, record)
                call('SET', P .. 'transaction_state:' .. id, cjson.encode(state))
            end
        end

        local deltas = {}

        local function count(name, by)
            deltas[name] = (deltas[name] or 0) + by
        end

        local function writeCounts()
            for name, by in pairs(deltas) do
                if by ~= 0 then call('HINCRBY', P .. 'counters', name, format('%d', by)) end
            end
        end

        """#
}
