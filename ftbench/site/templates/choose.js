/* Answers the question of Choose for any task, from the tables of `model.js`: the same model and
   the same words as `ftbench advise` (analysis/advice, report/answer), which a test holds together.
   All that came from result files is put in as text only. */
'use strict';

const ftbenchChoose = (function () {
    const SPACE = '\u00a0', NARROW = '\u202f', TIMES = '\u00d7', NONE = '\u2013';
    const CLOSE = '\u2248', DOUBTFUL = '\u2020';

    /* Quantities in words: facts/units.py. */

    const SCALES = {
        seconds: [['s', 1], ['ms', 1e-3], ['\u00b5s', 1e-6], ['ns', 1e-9]],
        bytes: [['GiB', 2 ** 30], ['MiB', 2 ** 20], ['KiB', 2 ** 10], ['bytes', 1]],
    };

    function fixed(number, decimals) {
        const text = number.toFixed(decimals), last = Number(text.slice(-1));
        /* What lies exactly between two goes to the even one, as Python has it. */
        const tie = /^50*$/.test(number.toFixed(Math.min(decimals + 30, 100)).split('.')[1]
            .slice(decimals));
        return tie && last % 2 ? (Number(text) - 10 ** -decimals).toFixed(decimals) : text;
    }

    function digits(number) {
        if (number === 0 || !isFinite(number)) {
            return String(number);
        }
        const size = Math.floor(Math.log10(Math.abs(Number(number.toPrecision(3)))));
        const [whole, ...rest] = fixed(number, Math.max(2 - size, 0)).split('.');
        return [whole.replace(/\B(?=(\d{3})+$)/g, NARROW), ...rest].join('.');
    }

    function amount(value, unit) {
        const scales = SCALES[unit];
        const [symbol, size] = scales.find(scale => Math.abs(value) >= scale[1])
            || scales[scales.length - 1];
        return `${digits(value / size)}${SPACE}${symbol}`;
    }

    function percent(share) {
        return `${Number((share * 100).toPrecision(3))} %`;
    }

    function spaced(name) {
        return name.replace(/[_-]/g, ' ');
    }

    function withReach(cost, unit) {
        if (!cost) {
            return NONE;
        }
        const {value, low, high} = cost;
        if (low === null || !value) {
            return amount(value, unit);
        }
        const share = Math.max(high - value, value - low) / value;
        const ends = `${low > 0 ? `${amount(low, unit)} ${NONE}` : 'up to'} ${amount(high, unit)}`;
        const reach = share <= 1 ? `\u00b1${Math.ceil(share * 100)}${NARROW}%` : `(${ends})`;
        return `${amount(value, unit)} ${reach}`;
    }

    /* What a reader writes: analysis/advice/question.py. */

    function parse(text, units, kind, examples, aboveZero) {
        const found = /^(\d+(?:\.\d*)?|\.\d+)\s*(\D*)$/.exec(text.trim());
        const written = `${kind[0].toUpperCase()}${kind.slice(1)} is written like ${examples}.`;
        const unit = found && found[2].trim();
        if (!found || !Object.hasOwn(units, unit)) {
            const known = Object.keys(units).filter(each => each && each !== '\u03bcs');
            const alike = found && Object.keys(units).find(
                each => each.toLowerCase() === unit.toLowerCase());
            const why = !found ? '.' : !unit ? `: it needs a unit: ${known.join(', ')}.`
                : `: '${unit}' is none of ${known.join(', ')}.${alike ? ` Is ${alike} meant?` : ''}`;
            throw new Error(`'${text}' is not ${kind}${why} ${written}`);
        }
        const value = Number(found[1]) * units[unit];
        if (!isFinite(value) || (aboveZero && !value)) {
            throw new Error(
                `'${text}' is not ${kind}: it must be above zero and finite. ${written}`);
        }
        return value;
    }

    function share(text, units) {
        const value = parse(text, units, 'a share', '5% or 0.05', false);
        if (value > 1) {
            throw new Error(`'${text}' is too much: a share is between 0 and 1, or 0% and `
                + `100%.${text.includes('%') ? '' : ` Was it meant to be ${text.trim()}%?`}`);
        }
        return value;
    }

    /* Return the question of texts by the name of their field; throws what is wrong with one. */
    function questionOf(model, texts) {
        const {units, most} = model, times = [units.time, 'a time', '200us, 1.5ms or 2s', true];
        const workers = /^\d+$/.test(texts.workers.trim()) ? Number(texts.workers) : 0;
        if (workers < 1 || workers > most) {
            throw new Error(`'${texts.workers}' is not a number of workers: `
                + `a whole number from 1 to ${most}.`);
        }
        return {
            task: parse(texts.task, ...times),
            payload: Math.round(parse(texts.payload, units.size, 'a size', '0, 64KiB or 1MiB')),
            workers,
            shared: share(texts.shared, units.share),
            kind: texts.kind,
            waiting: share(texts.waiting, units.share),
            p99: texts.p99.trim() ? parse(texts.p99, ...times) : null,
        };
    }

    /* Costs between measured ones: analysis/advice/interpolation.py. */

    function weights(axis, at) {
        const same = axis.indexOf(at);
        if (same >= 0) {
            return [[same, 1]];
        }
        const above = axis.findIndex(point => point > at);
        if (above <= 0) {
            return null;
        }
        const part = (at - axis[above - 1]) / (axis[above] - axis[above - 1]);
        return [[above - 1, 1 - part], [above, part]];
    }

    function mean(shares, power) {
        return shares.length === 1 ? shares[0][1]
            : shares.reduce((sum, [part, value]) => sum + part * value ** power, 0) ** power;
    }

    function estimate(shares, power = 1) {
        const of = name => shares.map(([part, cost]) => [part, cost[name]]);
        const lows = of('low'), known = lows.every(([, low]) => low !== null);
        return {
            value: mean(of('value'), power),
            low: !known ? null : lows.every(([, low]) => low > 0) ? mean(lows, power) : 0,
            high: known ? mean(of('high'), power) : null,
            between: shares.length > 1 || shares.some(([, cost]) => cost.between),
            doubt: told(shares, 'doubt'),
            disturbed: told(shares, 'disturbed'),
        };
    }

    function told(shares, name) {
        return shares.map(([, cost]) => cost[name]).find(Boolean) || '';
    }

    function costOf([value, low, high, doubt, disturbed]) {
        return {value, low, high, doubt, disturbed, between: false};
    }

    function changed(cost, change) {
        return {...cost, value: change(cost.value),
            low: cost.low === null ? null : change(cost.low, 'low'),
            high: cost.high === null ? null : change(cost.high, 'high')};
    }

    /* What a mode is expected to cost: analysis/advice/estimate.py.  A text says why nobody knows. */

    function expected(model, of, asked) {
        const work = asked.task * (1 - asked.waiting), {why, loop} = model;
        if (!of.mode.loop && asked.workers === 1) {
            return why.one;
        }
        const sizes = weights(loop, work), payloads = weights(model.payloads, asked.payload);
        if (!sizes) {
            return loop[loop.length - 1] < work && work <= model.grain ? why.larger : why.beyond;
        }
        if (!payloads) {
            return why.payload;
        }
        const counts = of.mode.loop ? [[0, 1]] : weights(model.workers, asked.workers);
        if (!counts) {
            return why.workers.replace('{workers}', asked.workers);
        }
        const name = index => of.mode.loop ? '1' : String(model.workers[index]);
        const over = (cells, power) => {
            const every = counts.map(([count, part]) => [part, cells(name(count))]);
            const lacking = every.find(([, cost]) => typeof cost === 'string');
            return lacking ? lacking[1] : estimate(every, power);
        };
        let seconds = over(count => {
            const every = sizes.flatMap(([size, ofSize]) => payloads.map(([payload, ofPayload]) =>
                [ofSize * ofPayload, of.task[count][size * model.payloads.length + payload]]));
            const lacking = every.find(([, cell]) => typeof cell === 'string');
            return lacking ? lacking[1] : estimate(every.map(([part, c]) => [part, costOf(c)]));
        }, -1);
        if (typeof seconds === 'string') {
            return seconds;
        }
        let writes = null;
        if (asked.shared && !of.mode.loop) {
            writes = of.writes[asked.kind];
            if (typeof writes === 'string') {
                return writes;
            }
            const best = costOf(writes[0].slice(1));
            const both = seconds.low !== null && best.low !== null;
            seconds = {...seconds,
                disturbed: seconds.disturbed || best.disturbed,
                value: seconds.value + best.value * asked.shared,
                low: both ? seconds.low + best.low * asked.shared : null,
                high: both ? seconds.high + best.high * asked.shared : null};
        }
        if (of.mode.loop) {
            seconds = changed(seconds, value => value + (asked.task - work));
        } else if (asked.waiting) {
            seconds = changed(seconds, value => Math.max(value, asked.task / asked.workers));
        }
        const memory = over(count => {
            const cell = of.memory[count];
            return Array.isArray(cell) ? costOf(cell) : String(cell);
        });
        return {of, seconds, writes, p99: latency(model, of, asked, sizes),
            memory: typeof memory === 'string' ? null : memory};
    }

    function latency(model, of, asked, sizes) {
        const {why} = model;
        if (asked.payload) {
            return why.payloads;
        }
        if (asked.waiting) {
            return why.waiting;
        }
        if (!of.mode.loop && asked.workers !== model.pooled) {
            return why.its_workers.replace('{workers}', asked.workers);
        }
        const cells = sizes.map(([size]) => of.p99[size]);
        const never = sizes.findIndex(([size]) => !model.requests[size]);
        const lacking = cells.filter(cell => typeof cell === 'string');
        if (never >= 0 || !lacking.length) {
            return never >= 0 ? cells[never]
                : estimate(sizes.map(([size, part]) => [part, costOf(of.p99[size])]));
        }
        const beaten = cells.filter(cell => cell === why.cannot).length;
        return beaten === cells.length ? why.cannot : beaten ? why.partly : lacking[0];
    }

    /* The ranking: analysis/advice/ranking.py. */

    function ruledOut(model, one, asked) {
        const work = asked.task * (1 - asked.waiting), {p99, seconds} = one;
        if (asked.p99 === null) {
            return '';
        }
        if (model.load / work * seconds.value > 1) {
            return `it ${model.why.cannot}: it does ${digits(1 / seconds.value)} a second`;
        }
        if (typeof p99 === 'string') {
            return p99 === model.why.cannot ? `it ${p99}` : '';
        }
        if (p99.value <= asked.p99) {
            return '';
        }
        const above = `its p99, ${amount(p99.value, 'seconds')}, is above `
            + amount(asked.p99, 'seconds');
        return p99.doubt ? `${above} (${p99.doubt})` : above;
    }

    function apart(one, first) {
        const ours = one.seconds, best = first.seconds;
        return ours.low !== null && best.low !== null
            && (ours.low > best.high || best.low > ours.high);
    }

    /* The answer: report/answer.py. */

    function nameOf(of) {
        return `${of.mode.title.replace(/, /g, ' by ')} on the ${of.arm.title}`;
    }

    function grouped(what, every, count = 0) {
        const byReason = new Map();
        every.forEach(([why, of]) => byReason.set(why, [...byReason.get(why) || [], nameOf(of)]));
        return [...byReason].map(([why, names]) =>
            `${what}: ${names.length === count ? 'all of them' : names.join(', ')}: ${why}.`);
    }

    function sentences(model, ranked, asked) {
        if (!ranked.length) {
            return [model.words.nothing];
        }
        const [first, ...others] = ranked, value = one => amount(one.seconds.value, 'seconds');
        const strategy = first.writes && first.writes[0][0];
        const how = strategy ? `, sharing by ${model.strategies[strategy]}` : '';
        const said = ranked.every(one => one.of.mode.loop) ? [model.words.alone] : [];
        said.push(`Fastest: ${nameOf(first.of)}, ${value(first)} a task${how}.`);
        const close = others.filter(one => !apart(one, first));
        const behind = others.find(one => apart(one, first));
        if (close.length) {
            const named = close.slice(0, 2).map(one => `${nameOf(one.of)} (${value(one)})`);
            const more = close.length > 2 ? [`${close.length - 2} more`] : [];
            said.push(`Too close to call: ${[...named, ...more].join(', ')}.`);
        }
        if (behind) {
            said.push(`Clearly behind: ${nameOf(behind.of)} (${value(behind)}, `
                + `${digits(behind.seconds.value / first.seconds.value)}${TIMES}).`);
        }
        return said;
    }

    function columns(asked) {
        return ['', 'mode', 'build', 'a task', 'over the best',
            ...(asked.shared ? ['a shared write'] : []),
            ...(asked.p99 !== null ? ['p99'] : []), 'memory'];
    }

    function cells(one, rank, first, asked) {
        const {of, seconds, writes, p99, memory} = one, row = [
            `${rank > 1 && !apart(one, first) ? CLOSE : ''}${rank}`, of.mode.title, of.arm.label,
            withReach(seconds, 'seconds'), `${digits(seconds.value / first.seconds.value)}${TIMES}`,
        ];
        if (asked.shared) {
            const said = (writes || []).map(([name, value]) =>
                `${amount(value, 'seconds')} by ${spaced(name)}`);
            row.push(!writes ? NONE
                : said.length > 1 ? `${said[0]} (${said[said.length - 1]})` : said[0]);
        }
        if (asked.p99 !== null) {
            const known = typeof p99 !== 'string' && p99;
            row.push(`${known && known.doubt ? `${DOUBTFUL} ` : ''}${withReach(known, 'seconds')}`);
        }
        return [...row, withReach(memory, 'bytes')];
    }

    function answer(model, asked) {
        const ranked = [], out = [], lacking = [];
        model.contestants.forEach(of => {
            const one = expected(model, of, asked);
            const why = typeof one === 'string' ? '' : ruledOut(model, one, asked);
            if (typeof one === 'string') {
                lacking.push([one.replace(/\.+$/, ''), of]);
            } else if (why) {
                out.push([why, of]);
            } else {
                ranked.push(one);
            }
        });
        ranked.sort((one, other) => one.seconds.value - other.seconds.value);
        const {words} = model, between = ranked.some(one => one.seconds.between);
        const late = asked.p99 === null ? []
            : ranked.filter(one => typeof one.p99 === 'string').map(one => [one.p99, one.of]);
        return {
            sentences: sentences(model, ranked, asked),
            columns: columns(asked),
            rows: ranked.map((one, index) => cells(one, index + 1, ranked[0], asked)),
            notes: [
                ...(ranked.length ? [between ? words.between : words.measured] : []),
                ...(ranked.length && asked.waiting ? [words.at_best] : []),
                ...(ranked.length && asked.shared ? [model.shared] : []),
                ...grouped('Disturbed', ranked.filter(one => one.seconds.disturbed)
                    .map(one => [words.disturbed, one.of]), ranked.length),
                ...grouped('Ruled out', out),
                ...grouped('p99 is not known', late, ranked.length),
                ...grouped('No data', lacking, ranked.length || out.length ? 0 : lacking.length),
            ],
            values: ranked.map(one => one.seconds.value),
        };
    }

    function asWords(asked) {
        return [
            `A task of ${amount(asked.task, 'seconds')}`,
            asked.payload ? `${amount(asked.payload, 'bytes')} payload` : 'no payload',
            `${asked.workers} worker${asked.workers > 1 ? 's' : ''}`,
            ...(asked.shared ? [`${percent(asked.shared)} of the tasks write to what is shared`,
                spaced(asked.kind)] : []),
            ...(asked.waiting ? [`${percent(asked.waiting)} of its time waiting`] : []),
        ].join(', ');
    }

    /* The question as a command, which answers it in a terminal. */
    function commandOf(model, texts) {
        const said = Object.entries(model.options)
            .map(([name, option]) => [name, option, texts[name].trim()])
            .filter(([name, , text]) => text !== model.unsaid[name])
            .map(([name, option, text]) =>
                `${option} ${name === 'workers' ? Number(text) : inShell(text)}`);
        return ['ftbench advise', ...said, model.where].join(' ');
    }

    function inShell(text) {
        return /[^\w@%+=:,./-]/.test(text) ? `'${text}'` : text;
    }

    /* Where a question lies on a map of winners: site/winner_map.py. */

    function placeOf(model, asked) {
        const along = (axis, around, first) => {
            const value = around.reduce((sum, [index, part]) => sum + part * axis[index], 0);
            const log = number => Math.log(number + first), [[index]] = around;
            return around.length === 1 ? index : index
                + (log(value) - log(axis[index])) / (log(axis[index + 1]) - log(axis[index]));
        };
        const sizes = weights(model.loop, asked.task * (1 - asked.waiting));
        const payloads = weights(model.payloads, asked.payload), {map} = model;
        if (!sizes || !payloads || asked.workers !== map.workers) {
            return null;
        }
        const last = model.sizes.length - 1, inner = map.width - map.left - map.right;
        const row = along(model.payloads, payloads, map.first);
        return {
            x: map.left + inner * (along(model.sizes, sizes, 0) + map.beyond)
                / (last + 2 * map.beyond),
            y: map.top + map.height - map.pad
                - row * (map.height - 2 * map.pad) / (model.payloads.length - 1),
        };
    }

    /* The page. */

    const SVG = 'http://www.w3.org/2000/svg';

    function fill(parent, tag, texts, name) {
        parent.replaceChildren(...texts.map((text, index) => {
            const element = document.createElement(tag);
            element.textContent = text;
            if (name) {
                element.className = name(index);
            }
            return element;
        }));
    }

    function mark(place) {
        document.querySelectorAll('.maps svg').forEach(svg => {
            svg.querySelectorAll('.yours').forEach(old => old.remove());
            if (place) {
                const path = document.createElementNS(SVG, 'path'), {x, y} = place;
                path.setAttribute('class', 'yours');
                path.setAttribute('d', `M${x - 11} ${y}h22M${x} ${y - 11}v22`
                    + `M${x - 6} ${y}a6 6 0 1 0 12 0a6 6 0 1 0 -12 0`);
                svg.append(path);
            }
        });
    }

    function show(model, asked) {
        const {sentences: said, columns: heads, rows, notes} = answer(model, asked);
        const table = document.querySelector('.ranking table');
        document.getElementById('asked').textContent = asWords(asked);
        fill(document.querySelector('.said'), 'span', said.map(each => `${each} `));
        document.querySelector('.ranking').hidden = !rows.length;
        fill(table.tHead.rows[0], 'th', heads);
        [...table.tHead.rows[0].cells].forEach(head => head.setAttribute('scope', 'col'));
        table.tBodies[0].replaceChildren(...rows.map(row => {
            const line = document.createElement('tr');
            fill(line, 'td', row, index => index < 3 ? 'name' : 'number');
            [...line.cells].forEach((cell, index) => { cell.dataset.head = heads[index]; });
            return line;
        }));
        window.ftbenchTables(document.querySelector('.ranking'));
        fill(document.querySelector('.notes'), 'li', notes);
        mark(placeOf(model, asked));
    }

    function begin(model) {
        const form = document.querySelector('form'), wrong = document.getElementById('wrong');
        const fields = [...form.querySelectorAll('input, select')];
        const usual = Object.fromEntries(fields.map(field => [field.name, field.value]));
        const texts = () => Object.fromEntries(fields.map(field => [field.name, field.value]));

        function ask() {
            try {
                show(model, questionOf(model, texts()));
                document.getElementById('command').textContent = commandOf(model, texts());
                wrong.textContent = '';
            } catch (error) {
                wrong.textContent = error.message;
                return;
            }
            const given = Object.entries(texts()).filter(([name, text]) => text !== usual[name]);
            const address = new URLSearchParams(given).toString();
            if (address !== location.hash.slice(1)) {
                history.replaceState(null, '', `#${address}`);
            }
        }

        function read() {
            if (location.hash.length > 1 && !location.hash.includes('=')) {
                return;  /* a place of the page */
            }
            const given = new URLSearchParams(location.hash.slice(1));
            fields.forEach(field => {
                field.value = given.get(field.name) ?? usual[field.name];
            });
            ask();
        }

        form.hidden = false;
        form.addEventListener('input', ask);
        form.addEventListener('submit', event => event.preventDefault());
        window.addEventListener('hashchange', read);
        if (location.hash.includes('=')) {
            read();
        } else {
            mark(placeOf(model, questionOf(model, usual)));
        }
    }

    /* Addresses of the one long page that Choose once was lead to the page of their question. */
    function follow() {
        const there = location.hash.length > 1 && !location.hash.includes('=')
            && document.querySelector(`.asked ${CSS.escape(location.hash).replace('\\#', '#')} a`);
        if (there) {
            location.replace(there.href);
        }
    }

    return {answer, asWords, commandOf, questionOf, placeOf, begin, follow};
})();

if (typeof module === 'object') {
    module.exports = ftbenchChoose;
} else {
    window.addEventListener('DOMContentLoaded', () => {
        ftbenchChoose.follow();
        if (window.ftbenchModel && document.querySelector('form')) {
            ftbenchChoose.begin(window.ftbenchModel);
        }
    });
}
