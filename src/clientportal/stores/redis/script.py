"""The one script that spends budgets inside Redis: all of a request's charges, or none.

It is ``rules.budgets.spend``, told again where the counters are; the tests hold the two against each other. Nothing
runs between its first read and its last write, and it writes nothing until it knows that it will write all.

Times are whole microseconds since 1970, by the clock of the portal that asks: the numbers are below 2**53, so that
Lua's floating point holds each exactly. Each key holds one axis, as a hash::

    l            when it was used last
    b1 c1 …      when each window began, and how often it was used in it
    n a          the call that used it last, and what it was answered: a client that lost an answer and asks again is
                 given that one, and spends nothing a second time

``KEYS`` are the axes. ``ARGV`` are now, ``1`` where it only looks, the id of the call, and for each axis: its gap
(``-1`` for none), how many windows, and each window's length and limit.
"""

SCRIPT = """
local now, look, call = tonumber(ARGV[1]), ARGV[2] == '1', ARGV[3]
local known = redis.call('HMGET', KEYS[1], 'n', 'a')
if known[1] == call then return {1, known[2]} end
local function text(number) return string.format('%.0f', number) end

-- When the axis may be used, at `at`, or false where it may; and how it stands once it was.
local function use(axis, last, windows, at)
  local wait, used = false, {}
  for place, limit in ipairs(axis.limits) do
    local window = windows[place] or {at, 0}
    local began, count = window[1], window[2]
    if not (at - began >= -limit[1] and at - began < limit[1]) then began, count = at, 0 end
    if count >= limit[2] then wait = math.max(wait or 0, began + limit[1]) end
    if axis.gap >= 0 and limit[1] == axis.longest and count > 0 then
      local gap = math.min(axis.gap * 2 ^ math.min(count - 1, 20), began + limit[1] - last)
      if at - last >= -gap and at - last < gap then wait = math.max(wait or 0, last + gap) end
    end
    used[place] = {began, count + 1}
  end
  return wait, used
end

local axes, place = {}, 4
for index, key in ipairs(KEYS) do
  local axis = {key = key, gap = tonumber(ARGV[place]), limits = {}, longest = 0}
  local many = tonumber(ARGV[place + 1])
  place = place + 2
  for _ = 1, many do
    local length = tonumber(ARGV[place])
    axis.limits[#axis.limits + 1] = {length, tonumber(ARGV[place + 1])}
    axis.longest = math.max(axis.longest, length)
    place = place + 2
  end
  axes[index] = axis
end

local latest = false
for _, axis in ipairs(axes) do
  local wanted = {'l'}
  for index = 1, #axis.limits do
    wanted[#wanted + 1] = 'b' .. index
    wanted[#wanted + 1] = 'c' .. index
  end
  local held, windows = redis.call('HMGET', axis.key, unpack(wanted)), {}
  for index = 1, #axis.limits do
    if held[2 * index] then windows[index] = {tonumber(held[2 * index]), tonumber(held[2 * index + 1])} end
  end
  local wait
  wait, axis.used = use(axis, tonumber(held[1] or now), windows, now)
  if wait then latest = math.max(latest or 0, wait) end
end
if latest then return {0, text(latest)} end

local first = axes[1]
local again = text(use(first, now, first.used, now) or now)
if look then return {1, again} end
for index, axis in ipairs(axes) do
  local fields, ends = {'l', text(now)}, now
  for window, kept in ipairs(axis.used) do
    for _, one in ipairs({'b' .. window, text(kept[1]), 'c' .. window, text(kept[2])}) do fields[#fields + 1] = one end
    ends = math.max(ends, kept[1] + axis.limits[window][1])
  end
  if index == 1 then
    for _, one in ipairs({'n', call, 'a', again}) do fields[#fields + 1] = one end
  end
  redis.call('HSET', axis.key, unpack(fields))
  redis.call('PEXPIRE', axis.key, text(math.ceil((ends - now) / 1000) + 1000))
end
return {1, again}
"""
