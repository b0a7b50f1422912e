/// What Redis runs for us: each as a whole, so that what it compares is what it changes.
///
/// Keys: the log (a stream), the epoch it is in (a hash: life and head), the snapshot (a hash: position and bytes), the round (a hash: life,
/// name, and a report for each host).
enum RedisScript: CaseIterable, Hashable, Sendable {
    case status
    case report
    case read
    case append
    case open
    case keep

    /// In Lua 5.1, as Redis 7 has it.
    var text: String {
        let own =
            switch self {
            case .status: "return status()"
            case .report: Self.reportText
            case .read: "if not last() then return 'REFUSED' end return entries(ARGV[1], ARGV[2])"
            case .append: Self.appendText
            case .open: Self.openText
            case .keep: Self.keepText
            }
        return Self.common + own
    }

    private static let common = """
        local log, epoch, snapshot, round, new = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
        local function token()
          local info = redis.call('INFO', 'replication')
          if string.match(info, 'role:(%a+)') ~= 'master' then return nil end
          return string.match(redis.call('INFO', 'server'), 'run_id:(%x+)') .. ':' .. string.match(info, 'master_replid:(%x+)')
        end
        local function last()
          if redis.call('EXISTS', log, epoch) < 2 then return nil end
          local info = redis.call('XINFO', 'STREAM', log)
          for i = 1, #info, 2 do if info[i] == 'last-generated-id' then return info[i + 1] end end
        end
        local function field(key, name) return redis.call('HGET', key, name) or '' end
        local function name(life) if field(round, 'life') == life then return field(round, 'name') end return '' end
        local function entries(after, limit)
          local all, size = {last()}, 0
          for _, entry in ipairs(redis.call('XRANGE', log, '(' .. after, '+', 'COUNT', limit)) do
            all[#all + 1] = entry[1]
            all[#all + 1] = entry[2][2]
            size = size + #entry[2][2]
            if size > 4194304 then break end
          end
          return all
        end
        local function holds(position, head)
          return (last() or '') == position and (position == '' or field(epoch, 'head') == head)
        end
        local function status()
          local life = token()
          if not life then return redis.error_reply('READONLY not a master') end
          local position = last()
          local all = {life, position or '', position and field(epoch, 'head') or '',
            (position and field(epoch, 'life') == life) and '1' or '0', name(life)}
          if all[5] ~= '' then
            local reports = redis.call('HGETALL', round)
            for i = 1, #reports, 2 do
              if string.sub(reports[i], 1, 2) == 'w:' then
                all[#all + 1] = string.sub(reports[i], 3)
                all[#all + 1] = reports[i + 1]
              end
            end
          end
          return all
        end
        local function current(life, head)
          return token() == life and last() and field(epoch, 'life') == life and field(epoch, 'head') == head
        end

        """

    /// Life, position, head, naming or within, name, writer, place.
    private static let reportText = """
        local life = ARGV[1]
        if token() == life and holds(ARGV[2], ARGV[3]) and (ARGV[2] == '' or field(epoch, 'life') ~= life) then
          if ARGV[4] == 'naming' and name(life) == '' then
            redis.call('DEL', round)
            redis.call('HSET', round, 'life', life, 'name', ARGV[5])
          elseif ARGV[4] == 'within' and name(life) == ARGV[5] then
            redis.call('HSET', round, 'w:' .. ARGV[6], ARGV[7])
          end
        end
        return status()
        """

    /// Life, head, after, limit, entries.
    private static let appendText = """
        if not current(ARGV[1], ARGV[2]) then return 'REFUSED' end
        local id = string.match(last(), '^%d+') .. '-*'
        for i = 5, #ARGV do redis.call('XADD', log, id, 'd', ARGV[i]) end
        return entries(ARGV[3], ARGV[4])
        """

    /// Life, position, head, name, creating or restoring or replacing, new head, position and bytes of the snapshot, ids and bytes of
    /// entries; the last of them opens.
    private static let openText = """
        local life, base = ARGV[1], ARGV[5]
        if token() ~= life or not holds(ARGV[2], ARGV[3]) or name(life) ~= ARGV[4] then return 'REFUSED' end
        if ARGV[2] ~= '' and field(epoch, 'life') == life then return 'REFUSED' end
        local target = log
        if base ~= 'restoring' then
          redis.call('DEL', new)
          target = new
        end
        for i = 9, #ARGV, 2 do redis.call('XADD', target, ARGV[i], 'd', ARGV[i + 1]) end
        if target == new then
          redis.call('DEL', snapshot)
          if base == 'replacing' then redis.call('HSET', snapshot, 'position', ARGV[7], 'bytes', ARGV[8]) end
          redis.call('RENAME', new, log)
        end
        redis.call('HSET', epoch, 'life', life, 'head', ARGV[6])
        redis.call('DEL', round)
        return 'DONE'
        """

    /// Life, head, position, bytes, the least id that is kept.
    private static let keepText = """
        if not current(ARGV[1], ARGV[2]) then return 'REFUSED' end
        local function less(a, b) return #a < #b or (#a == #b and a < b) end
        local function earlier(a, b)
          local e, n = string.match(a, '(%d+)-(%d+)')
          local f, m = string.match(b, '(%d+)-(%d+)')
          return less(e, f) or (e == f and less(n, m))
        end
        local old = field(snapshot, 'position')
        if old ~= '' and not earlier(old, ARGV[3]) then return 'DONE' end
        redis.call('HSET', snapshot, 'position', ARGV[3], 'bytes', ARGV[4])
        if ARGV[5] ~= '' then redis.call('XTRIM', log, 'MINID', ARGV[5]) end
        return 'DONE'
        """
}
