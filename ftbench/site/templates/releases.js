/* Every release of a scenario's series, drawn from data that is loaded as it is shown.

   The page has the newest release in plain tables; this puts all releases in their place, and
   shows what stands behind a verdict: the arms side by side, what was counted, the samples by
   process, builds and machine.  All that came from result files is put in as text only. */
'use strict';

window.ftbench = (function () {
    const SVG = 'http://www.w3.org/2000/svg';
    const NARROW = '\u202f', TIMES = '\u00d7', DASH = '\u2013';
    const LONG = 24;  /* a text in a cell that may be broken over lines */
    const files = new Map();
    let rig, blocks, tools, detail = null;

    function make(tag, attributes, ...children) {
        const element = document.createElement(tag);
        Object.entries(attributes || {}).forEach(([name, value]) => {
            if (value !== undefined && value !== false) {
                element.setAttribute(name, value === true ? '' : value);
            }
        });
        element.append(...children);
        return element;
    }

    /* Files: each is a script that calls `take` with its name and what it holds. */

    function awaited(name) {
        if (!files.has(name)) {
            const file = {};
            file.here = new Promise((resolve, reject) => Object.assign(file, {resolve, reject}));
            files.set(name, file);
        }
        return files.get(name);
    }

    function take(name, content) {
        awaited(name).resolve(content);
    }

    function load(name) {
        const known = files.has(name), file = awaited(name);
        if (!known) {
            const script = make('script', {src: `${blocks.dataset.folder}/${name}.js`});
            script.onerror = () => file.reject(new Error(name));
            document.head.append(script);
        }
        return file.here;
    }

    /* Words. */

    function digits(number) {
        if (number === 0 || !isFinite(number)) {
            return String(number);
        }
        const decimals = Math.max(2 - Math.floor(Math.log10(Math.abs(number.toPrecision(3)))), 0);
        const text = number.toFixed(Math.min(decimals, 20));
        return text.replace(/\B(?=(\d{3})+(?!\d))/g, (found, _, at, all) =>
            all.lastIndexOf('.', at) >= 0 ? '' : NARROW);
    }

    function change(code) {
        const ratio = Math.exp(code / rig.precision);
        if (ratio <= 0.5 || ratio >= 2) {
            return digits(ratio) + TIMES;
        }
        const percent = (Math.abs(ratio - 1) * 100).toFixed(1);
        const sign = percent === '0.0' ? '' : ratio > 1 ? '+' : '\u2212';
        return `${sign}${percent}${NARROW}%`;
    }

    /* A noise floor, which is a share however wide: "±120.3 %". */
    function margin(code) {
        return `\u00b1${((Math.exp(code / rig.precision) - 1) * 100).toFixed(1)}${NARROW}%`;
    }

    function interval({low, high}) {
        if (low === null) {
            return DASH;
        }
        return high - low > rig.wide ? 'wide' : `${change(low)} to ${change(high)}`;
    }

    function verdict_text(word) {
        const [symbol, text, style] = rig.words[word];
        return make('span', {class: `verdict ${style}`},
            make('span', {class: 'sign', 'aria-hidden': 'true'}, symbol), text);
    }

    function arm_text(arm) {
        const [name, character, label] = rig.arms[arm];
        return make('span', {class: `whole ${name}`},
            make('span', {class: 'mark', 'aria-hidden': 'true'}, character),
            make('span', {class: 'name'}, label));
    }

    /* Verdicts: columns, of which each has a number per release that was judged. */

    function verdict_at(columns, place) {
        const at = columns ? columns[0].indexOf(place) : -1;
        if (at < 0) {
            return null;
        }
        const one = column => Array.isArray(column) ? column[at] : column;
        const [, words, effects, lows, highs, floors, needs, whys] = columns;
        const efforts = (columns[8] || []).find(each => each[0] === place);
        return {
            word: Number(words[at]), effect: effects[at], low: lows[at], high: highs[at],
            floor: one(floors), needs: one(needs), why: one(whys),
            efforts: efforts ? efforts.slice(1) : [],
        };
    }

    function has_alarm(arms) {
        return arms.some(arm => arm[against()] &&
            [...arm[against()][1]].some(word => rig.alarms.includes(Number(word))));
    }

    /* The tools: what to judge against, and which rows. */

    function add_tools() {
        const choice = make('select', {id: 'against'});
        rig.against.forEach((words, number) => choice.append(make('option', {value: number}, words)));
        const last = rig.steps[rig.steps.length - 1];
        choice.value = last.some(arm => arm[0]) || !last.some(arm => arm[1]) ? 0 : 1;
        const only = make('input', {type: 'checkbox', id: 'only'});
        tools.prepend(make('label', {}, 'Judged against ', choice),
            make('label', {}, only, 'only series with an alarm'));
        if (served()) {
            const raw = `${blocks.dataset.root}index.html#/summarylist`;
            tools.append(make('a', {href: raw}, 'Raw graphs'));
        }
        choice.addEventListener('change', redraw);
        only.addEventListener('change', redraw);
    }

    /* asv's own pages load their data, which a browser allows of no file on a disk. */
    function served() {
        return location.protocol !== 'file:';
    }

    function against() {
        return Number(document.getElementById('against').value);
    }

    /* The matrix: releases across, the newest first; a row for each arm of each series. */

    function redraw() {
        hide_detail();
        blocks.querySelectorAll('.block').forEach(block => {
            block.drawn = null;
            if (block.open) {
                draw(block);
            }
        });
    }

    function rows_of(block) {
        let verdicts, samples;  // a row that names no files has those of the row before
        block.rows = block.rows || [...block.querySelectorAll('tbody tr')].map(row => {
            ({v: verdicts = verdicts, s: samples = samples} = row.dataset);
            return {
                key: row.id, verdicts, samples, link: row.querySelector('th span').cloneNode(true),
            };
        });
        return block.rows;
    }

    function draw(block) {
        block.drawn = block.drawn || Promise.all(
            [...new Set(rows_of(block).map(row => row.verdicts))].map(load)
        ).then(found => {
            const scroll = block.querySelector('.scroll');
            scroll.replaceChildren(matrix(block, found));
            window.ftbenchTables(scroll);
        }).catch(error => {
            block.append(make('p', {class: 'note'}, `The data could not be loaded: ${error.message}`));
        });
        return block.drawn;
    }

    function matrix(block, found) {
        const caption = block.querySelector('caption').textContent.split(',')[0];
        const table = make('table', {class: 'matrix'}, make('caption', {},
            `${caption}, the newest release first; the arrow keys move from cell to cell`));
        const places = rig.releases.map((_, place) => place).reverse();
        const head = make('tr', {}, make('th', {scope: 'col', class: 'series'}, 'series'),
            make('th', {scope: 'col', class: 'arm'}, make('span', {class: 'quiet'}, 'arm')));
        places.forEach(place => head.append(make(
            'th', {scope: 'col', class: starts(place) ? 'start' : undefined}, rig.releases[place][0])));
        table.append(make('thead', {}, head));
        const grid = [];
        const only = document.getElementById('only').checked;
        rows_of(block).forEach(row => {
            const file = found.find(each => row.key in each.series);
            row.arms = file.series[row.key];
            row.whys = file.whys;
            if (!only || has_alarm(row.arms)) {
                table.append(body(block, row, places, grid));
            }
        });
        if (!grid.length) {
            return make('p', {class: 'unmeasured'}, 'No series here has an alarm.');
        }
        grid[0][0].tabIndex = 0;
        table.addEventListener('keydown', event => move(event, grid));
        return table;
    }

    function starts(place) {
        const before = rig.releases[place + 1];
        return before && before[2] !== rig.releases[place][2];
    }

    function body(block, row, places, grid) {
        const rows = make('tbody', {id: row.key});
        rig.arms.forEach((_, arm) => {
            const line = make('tr');
            if (arm === 0) {
                line.append(make(
                    'th', {scope: 'rowgroup', class: 'series', rowspan: rig.arms.length},
                    row.link.cloneNode(true)));
            }
            line.append(make('th', {scope: 'row', class: 'arm'}, arm_text(arm)));
            const buttons = places.map(place => cell(block, row, arm, place));
            buttons.forEach((button, at) => line.append(make(
                'td', {class: starts(places[at]) ? 'start' : undefined}, button)));
            grid.push(buttons);
            rows.append(line);
        });
        return rows;
    }

    function cell(block, row, arm, place) {
        const verdict = verdict_at(row.arms[arm][against()], place);
        const button = make('button', {type: 'button', tabindex: '-1', 'aria-expanded': 'false'});
        button.dataset.arm = arm;
        button.dataset.place = place;
        if (!verdict) {
            button.append(make('span', {class: 'none', 'aria-hidden': 'true'}, DASH),
                make('span', {class: 'quiet'}, 'no verdict'));
        } else {
            button.append(verdict.effect === null ? DASH : change(verdict.effect),
                make('small', {}, verdict_text(verdict.word)));
        }
        button.addEventListener('click', () => toggle_detail(button, block, row, arm, place));
        return button;
    }

    const STEPS = {ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1]};

    function move(event, grid) {
        const step = STEPS[event.key];
        const row = grid.findIndex(buttons => buttons.includes(event.target));
        if (!step || row < 0) {
            return;
        }
        const column = grid[row].indexOf(event.target);
        const next = (grid[row + step[0]] || [])[column + step[1]];
        if (next) {
            event.preventDefault();
            event.target.tabIndex = -1;
            next.tabIndex = 0;
            next.focus();
        }
    }

    /* The detail of one cell. */

    function hide_detail() {
        if (detail) {
            detail.button.setAttribute('aria-expanded', 'false');
            detail.place.remove();
            detail = null;
        }
    }

    function toggle_detail(button, block, row, arm, place) {
        const again = detail && detail.button === button;
        hide_detail();
        if (!again) {
            show_detail(button, block, row, arm, place);
        }
    }

    function show_detail(button, block, row, arm, place) {
        const close = make('button', {type: 'button', class: 'close'}, 'close');
        close.addEventListener('click', () => { hide_detail(); button.focus(); });
        const panel = make('div', {class: 'detail', role: 'group', tabindex: '-1'}, close,
            make('h3', {id: 'detail'}, `${row.link.textContent}, CPython ${rig.releases[place][0]}`));
        panel.setAttribute('aria-labelledby', 'detail');
        button.setAttribute('aria-expanded', 'true');
        detail = {button, panel};
        panel.append(verdicts_table(row, place), ...efforts_tables(row, arm, place));
        const rest = make('div', {}, make('p', {class: 'busy'}, 'Loading the samples \u2026'));
        panel.append(rest);
        put_below(button, panel);
        window.ftbenchTables(panel);
        panel.focus({preventScroll: true});
        button.scrollIntoView({block: 'center', inline: 'nearest'});
        load(row.samples).then(file => {
            rest.replaceChildren(...behind(file.series[row.key], arm, place));
            window.ftbenchTables(panel);
            rest.querySelectorAll('svg').forEach(window.ftbenchPicture);
        }).catch(error => {
            rest.replaceChildren(make('p', {class: 'note'},
                `The samples could not be loaded: ${error.message}`));
        });
    }

    /* Below the rows of its series, and as wide as what is seen of the table. */
    function put_below(button, panel) {
        const width = button.closest('.scroll').clientWidth;
        const place = make('tbody', {}, make('tr', {},
            make('td', {colspan: rig.releases.length + 2, class: 'below'}, panel)));
        panel.style.width = `${width}px`;
        button.closest('tbody').after(place);
        detail.place = place;
    }

    function table_of(title, heads, rows) {
        const table = make('table', {}, make('caption', {class: 'quiet'}, title));
        table.append(make('thead', {}, make('tr', {},
            ...heads.map(head => make('th', {scope: 'col'}, head)))));
        table.append(make('tbody', {}, ...rows.map(row => make('tr', {}, ...row.map((text, at) =>
            make(at ? 'td' : 'th', at ? {class: text.length > LONG && 'long'} : {scope: 'row'}, text))))));
        return make('div', {class: 'scroll', tabindex: '0', role: 'region', 'aria-label': title}, table);
    }

    function verdicts_table(row, place) {
        const rows = [];
        rig.arms.forEach((_, arm) => rig.against.forEach((words, number) => {
            const verdict = verdict_at(row.arms[arm][number], place);
            const step = rig.steps[place][arm][number];
            if (!verdict || !step) {
                return;
            }
            /* Without a floor it is by duel. */
            const [one, several] = verdict.floor === null ? ['pair', 'pairs']
                : ['process a side', 'processes a side'];
            const more = verdict.needs
                ? `${verdict.needs} more ${verdict.needs === 1 ? one : several} would decide it` : '';
            rows.push([
                arm_text(arm), `${rig.releases[step[0]][0]}, ${words}`, verdict_text(verdict.word),
                verdict.effect === null ? DASH : change(verdict.effect),
                interval(verdict),
                verdict.floor === null ? 'none' : margin(verdict.floor),
                [row.whys[verdict.why], more].filter(Boolean).join('; ') || DASH,
                `${step[2] < rig.few ? `under ${rig.few}` : step[2]} of ${step[1]}`,
            ]);
        }));
        if (!rows.length) {
            return make('p', {class: 'unmeasured'}, 'There is nothing to compare this release with.');
        }
        return table_of('Verdicts, the arms side by side', [
            'arm', 'against', 'verdict', 'effect', '99\u00a0% interval', 'noise floor', 'why',
            'alarms by chance'], rows);
    }

    function efforts_tables(row, arm, place) {
        return rig.against.flatMap((_, number) => {
            const verdict = verdict_at(row.arms[arm][number], place);
            if (!verdict || !verdict.efforts.length) {
                return [];
            }
            const base = rig.releases[rig.steps[place][arm][number][0]][0];
            const titles = new Map(rig.efforts);
            const rows = verdict.efforts.map(([kind, before, after]) =>
                [titles.get(kind) || kind, digits(before), digits(after)]);
            return [make('h4', {}, 'Kernel counters, ', arm_text(arm)),
                table_of(`Counted, against ${base}`, ['', base, rig.releases[place][0]], rows)];
        });
    }

    /* Samples, by process, and what they were taken with. */

    function behind(series, arm, place) {
        const bases = rig.steps[place][arm].filter(Boolean).map(step => step[0]);
        const wanted = [[arm, place], ...[...new Set(bases)].map(base => [arm, base]),
            ...rig.arms.map((_, each) => [each, place]).filter(([each]) => each !== arm)];
        const every = wanted.map(([each, at]) => ({
            arm: each, place: at, figure: series.arms[each][at], name: rig.releases[at][0],
        }));
        const taken = every.filter(each => each.figure && Array.isArray(each.figure[0]));
        return [
            ...(served() ? [links(series, place)] : []),
            make('h4', {}, `Samples, ${series.unit}`),
            ...(taken.length ? [picture(taken, series)] : []),
            table_of('Samples by process', ['release', 'arm', 'process', `median, ${series.unit}`,
                `samples, ${series.unit}`],
                every.flatMap(each => sample_rows(each, series))),
            make('h4', {}, 'Builds and machine'),
            builds(every),
        ];
    }

    function links(series, place) {
        const [start, own] = series.graph, list = make('p', {}, 'Raw graph of the series: ');
        rig.arms.forEach((arm, number) => {
            const query = [arm[3], own, `commits=${rig.releases[place][1]}`].filter(Boolean).join('&');
            list.append(number ? ', ' : '',
                make('a', {href: `${blocks.dataset.root}${start}?${query}`}, arm[2]));
        });
        return list;
    }

    function sample_rows(each, series) {
        const head = [each.name, arm_text(each.arm)];
        if (!each.figure) {
            return [[...head, DASH, DASH, 'not measured']];
        }
        if (!Array.isArray(each.figure[0])) {
            return [[...head, DASH, DASH, each.figure.filter(Boolean).join(': ')]];
        }
        const marked = each.figure[1] ? ` (${each.figure[1]})` : '';
        const shown = number => digits(number / series.size), processes = each.figure[0];
        const slow = number => (each.figure[2] || []).length > number
            ? `, the measuring stick took ${each.figure[2][number]}× its usual time` : '';
        const rows = processes.map((samples, number) => [
            each.name, arm_text(each.arm), String(number + 1), shown(median(samples)),
            make('div', {class: 'numbers'}, samples.map(shown).join('  ') + slow(number) + marked)]);
        return processes.length < 2 ? rows : [...rows, [
            each.name, arm_text(each.arm), 'all', make('b', {}, shown(location_of(processes))),
            'geometric mean of the medians, of which an effect is the ratio']];
    }

    function median(samples) {
        const ordered = [...samples].sort((a, b) => a - b), half = (ordered.length - 1) / 2;
        return (ordered[Math.floor(half)] + ordered[Math.ceil(half)]) / 2;
    }

    function location_of(processes) {
        const logs = processes.map(samples => Math.log(median(samples)));
        return Math.exp(logs.reduce((sum, log) => sum + log, 0) / logs.length);
    }

    function drawn(tag, attributes, text) {
        const element = document.createElementNS(SVG, tag);
        Object.entries(attributes).forEach(([name, value]) => element.setAttribute(name, value));
        element.textContent = text || '';
        return element;
    }

    function picture(taken, series) {
        const all = taken.flatMap(each => each.figure[0].flat()).filter(Number.isFinite);
        const low = Math.min(...all), high = Math.max(...all), span = high - low || 1;
        const width = Math.max(260, Math.min(640, detail.panel.clientWidth - 40));
        const left = 120, row = 34, height = taken.length * row + 30;
        const across = value => left + 8 + (width - left - 24) * (value - low) / span;
        const svg = drawn('svg', {viewBox: `0 0 ${width} ${height}`, role: 'img',
            'aria-label': 'Each sample as a dot, each process on a line of its own; the same numbers '
                + 'are in the table below'});
        taken.forEach((each, number) => {
            const top = number * row + 4, count = each.figure[0].length;
            const [name, character] = rig.arms[each.arm];
            svg.append(drawn('line', {class: 'axis', x1: left, x2: width, y1: top + row, y2: top + row}),
                drawn('text', {x: 0, y: top + row / 2 + 4}, `${each.name} ${character} ${name}`));
            each.figure[0].forEach((samples, process) => samples.forEach(sample => {
                const dot = drawn('circle', {class: `dot ${name}`, cx: across(sample).toFixed(1), r: 3,
                    cy: (top + row * (process + 1) / (count + 1)).toFixed(1)});
                dot.append(drawn('title', {}, `${each.name}, ${name}, process ${process + 1}: `
                    + `${digits(sample / series.size)} ${series.unit}`));
                svg.append(dot);
            }));
        });
        [low, high].forEach((value, end) => svg.append(drawn('text', {
            x: end ? width : left + 8, y: height - 8, 'text-anchor': end ? 'end' : 'start',
        }, `${digits(value / series.size)} ${series.unit}`)));
        return svg;
    }

    function builds(every) {
        const facts = rig.facts.map((name, number) => [name, ...every.map(each =>
            rig.texts[rig.builds[each.place][each.arm][number]] || DASH)]);
        const heads = every.map(each => make('span', {}, `${each.name} `, arm_text(each.arm)));
        const machine = rig.machine.map(([name, value]) => `${name}: ${value}`).join('; ');
        const div = make('div', {}, table_of('Builds', ['', ...heads], facts));
        div.append(make('p', {class: 'key'}, `Machine: ${machine}.`));
        return div;
    }

    /* A verdict's address: ?arm=ft&release=3.14.2&against=0#s-… */

    function open_asked() {
        const row = document.getElementById(location.hash.slice(1));
        const block = row && row.closest('.block');
        if (!block) {
            return;
        }
        const asked = new URLSearchParams(location.search);
        if (asked.get('against') in rig.against) {
            document.getElementById('against').value = asked.get('against');
        }
        const arm = rig.arms.findIndex(each => each[0] === asked.get('arm'));
        const place = rig.releases.findIndex(each => each[0] === asked.get('release'));
        block.open = true;
        draw(block).then(() => {
            const button = document.querySelector(
                `#${CSS.escape(row.id)} button[data-arm="${arm}"][data-place="${place}"]`);
            if (button) {
                button.click();
            }
        });
    }

    function begin(content) {
        rig = content;
        blocks = document.getElementById('blocks');
        tools = document.getElementById('tools');
        add_tools();
        blocks.querySelectorAll('.block').forEach(block => block.addEventListener('toggle', () => {
            if (block.open) {
                draw(block);
            }
        }));
        open_asked();
        blocks.querySelectorAll('.block[open]').forEach(draw);
    }

    awaited('rig').here.then(begin);
    return {take, digits, change, margin, interval};
}());
