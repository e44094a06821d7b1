// SPDX-License-Identifier: MIT

/// `lease`: who may process the site's transactions. The server's own clock ends a lease, whatever the sidecars' clocks
/// say.
///
/// - Keys: `processor_lease`.
/// - Arguments: `acquire`, `confirm` or `giveUp`; the token of a confirmation, else 0; the holder as a JSON string;
///   time to live in ms.
/// - Answers `["granted", last token]`, `["refused", holder, remaining ms]` or `["ended"]`.
///
/// `processor_lease` is JSON, `{"holder": ..., "token": ...}`, and expires; `token` of the hash `processor` does not.
enum LeaseScript {
    static let script = (flags: " flags=allow-oom", text: text)

    private static let text = #"""
        local key, processor, call = KEYS[1], P .. 'processor', redis.call
        local action, token, lifetime = ARGV[1], ARGV[2], ARGV[4]
        local last = call('HGET', processor, 'token') or '0'
        local value = call('GET', key)
        local isReadable, current = pcall(cjson.decode, value or '{}')
        local holder = isReadable and type(current) == 'table' and current.holder
        if holder and holder ~= cjson.decode('[' .. ARGV[3] .. ']')[1] then
            local remaining = call('PTTL', key)
            if remaining < 0 then
                -- Nobody gets stuck behind a value that was set without an end.
                call('PEXPIRE', key, lifetime)
                remaining = tonumber(lifetime)
            end
            return {'refused', holder, remaining}
        end
        if action == 'giveUp' then
            call('DEL', key)
            return {'ended'}
        end
        if action == 'confirm' and tonumber(token) > tonumber(last) then
            call('HSET', processor, 'token', token)
            last = token
        end
        call('SET', key, '{"holder":' .. ARGV[3] .. ',"token":' .. last .. '}', 'PX', lifetime)
        return {'granted', last}

        """#
}
