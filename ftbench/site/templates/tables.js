/* Gives the figures of each table as CSV and JSON, and each heading a link to itself. */
'use strict';

window.addEventListener('DOMContentLoaded', () => {
    function make(tag, attributes, text) {
        const element = Object.assign(document.createElement(tag), attributes);
        element.textContent = text;
        return element;
    }

    /* What a cell shows, without the words that are for screen readers alone. */
    function textOf(cell) {
        const shown = cell.cloneNode(true);
        shown.querySelectorAll('.quiet').forEach(each => each.remove());
        return shown.textContent.trim().replace(/\s+/g, ' ');
    }

    function spread(row) {
        return [...row.cells].flatMap(cell => Array(cell.colSpan).fill(textOf(cell)));
    }

    /* Return the heads of the columns and the rows, each after the heading of its band. */
    function contents(table) {
        const lines = [...table.tHead.rows].map(spread);
        const heads = lines[0].map((_, column) =>
            lines.map(line => line[column]).filter(Boolean).join(', '));
        const rows = [...table.tBodies].flatMap(body => {
            const band = body.querySelector('[scope=rowgroup]');
            const own = [...body.rows].filter(row => !band || row !== band.parentElement);
            return own.map(row => [band ? textOf(band) : '', ...spread(row)]);
        });
        return [['', ...heads], ...rows];
    }

    function csv(rows) {
        /* A spreadsheet takes what begins so for a formula. */
        const safe = text => /^[=+@]/.test(text) ? `'${text}` : text;
        return rows.map(row => row.map(text => `"${safe(text).replace(/"/g, '""')}"`).join(','))
            .join('\r\n');
    }

    const FORMATS = {
        CSV: rows => csv(rows),
        JSON: ([columns, ...rows]) => JSON.stringify({columns, rows}, null, 1),
    };

    document.querySelectorAll('main table').forEach(table => {
        if (!table.tHead) {
            return;
        }
        const title = table.caption ? table.caption.textContent.trim() : 'table';
        const line = make('p', {className: 'as'}, 'As ');
        Object.entries(FORMATS).forEach(([name, write], index) => {
            const button = make('button', {type: 'button', title: `${title}, as ${name}`}, name);
            button.addEventListener('click', () => {
                const file = new Blob([write(contents(table))], {type: 'text/plain;charset=utf-8'});
                const address = URL.createObjectURL(file);
                const slug = title.toLowerCase().replace(/[^a-z0-9]+/g, '-');
                make('a', {href: address, download: `${slug}.${name.toLowerCase()}`}, '').click();
                URL.revokeObjectURL(address);
            });
            line.append(...(index ? [' or '] : []), button);
        });
        (table.closest('.scroll') || table).after(line);
    });

    document.querySelectorAll('main :is(h1, h2, h3)[id]').forEach(heading => {
        if (!heading.closest('summary')) {
            const name = `Link to: ${textOf(heading)}`;
            const link = make('a', {className: 'own', href: `#${heading.id}`, title: name}, '#');
            link.setAttribute('aria-label', name);
            heading.append(' ', link);
        }
    });
});
